from django.urls import path

from mingcha.portals.regulator.devices import commands, keys, quarantine, settings, station, stations, targets

STATION = "devices/stations/<str:mn>/"

urlpatterns = [
    path("devices/", stations.device_list, name="devices"),
    path(STATION, station.station, name="device_station"),
    path(STATION + "live/", station.live, name="device_live"),
    path(STATION + "commands/", commands.station_commands, name="device_station_commands"),
    path(STATION + "commands/<slug:name>/", commands.ask, name="device_ask"),
    path(STATION + "settings/", settings.settings, name="device_settings"),
    path(STATION + "settings/new/", settings.setting_new, name="device_setting_new"),
    path(STATION + "settings/profile.json", settings.profile, name="device_profile"),
    path(STATION + "settings/import/", settings.profile_in, name="device_profile_import"),
    path(STATION + "settings/copy/", settings.profile_copy, name="device_profile_copy"),
    path(STATION + "keys/", keys.keys, name="device_keys"),
    path(STATION + "keys/propose/", keys.key_propose, name="device_key_propose"),
    path(
        STATION + "keys/<int:number>/approve/",
        keys.key_decide,
        {"move": "approve"},
        name="device_key_approve",
    ),
    path(
        STATION + "keys/<int:number>/reject/", keys.key_decide, {"move": "reject"}, name="device_key_reject"
    ),
    path(STATION + "keys/<int:number>/send/", keys.key_decide, {"move": "send"}, name="device_key_send"),
    path(STATION + "access/", keys.access, name="device_access"),
    path(STATION + "access/set/", keys.access_set, name="device_access_set"),
    path(STATION + "access/change/", keys.access_change, name="device_access_change"),
    path("devices/commands/", commands.command_list, name="device_commands"),
    path("devices/commands/<int:number>/", commands.command, name="device_command"),
    path("devices/commands/<int:number>/cancel/", commands.cancel, name="device_command_cancel"),
    path("devices/targets/", targets.target_list, name="device_targets"),
    path("devices/targets/new/", targets.target_new, name="device_target_new"),
    path("devices/targets/at/<slug:name>/", targets.target, name="device_target"),
    path("devices/targets/at/<slug:name>/edit/", targets.target_edit, name="device_target_edit"),
    path("devices/targets/at/<slug:name>/station/", targets.target_station, name="device_target_station"),
    path("devices/targets/at/<slug:name>/switch/", targets.target_switch, name="device_target_switch"),
    path("quarantine/", quarantine.quarantine_list, name="quarantine"),
    path("quarantine/<int:number>/", quarantine.quarantined, name="quarantined"),
    path("quarantine/<int:number>/read/", quarantine.read, name="quarantine_read"),
    path("quarantine/<int:number>/adopt/", quarantine.adopt, name="quarantine_adopt"),
    path("quarantine/<int:number>/dismiss/", quarantine.dismiss, name="quarantine_dismiss"),
    path("quarantine/<int:number>/undo/", quarantine.undo, name="quarantine_undo"),
]
