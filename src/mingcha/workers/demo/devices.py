"""Loggers of the demonstration beyond the register: a key, a setting, commands, a target, and one nobody registered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mingcha.apps.accounts.selectors import user_by_name
from mingcha.apps.devices import services
from mingcha.apps.devices.selectors import station_get
from mingcha.core.clock import format_digits, hour_start
from mingcha.gateway.simulator.datalogger import key_for
from mingcha.gateway.simulator.faults import Encryption
from mingcha.gateway.simulator.fleet import mn_of
from mingcha.gateway.simulator.history import Outlet
from mingcha.gateway.simulator.plant import Profile
from mingcha.workers.demo.region import Region

ENCRYPTED = "dongpu-energy/DA003"  # of 2025; its key is known to the logger already
MOBILE = "beitang-heat/DA002"  # on a slow link
ASKED = "dongpu-energy/DA001"
PROPOSER, APPROVER = "dongpu", "city"
STRANGER_NUMBER = 9001
TARGET = "national"


def load_devices(region: Region, at: datetime) -> None:
    """Enter them by the services. The commands wait until the loggers run and answer them."""
    city, district = user_by_name(APPROVER), user_by_name(PROPOSER)
    mns = {path: site.mn(region.seed) for path, (_, site) in region.sites.items()}
    encrypted = station_get(district, mns[ENCRYPTED])
    own = key_for(region.sites[ENCRYPTED][1].profile(region.seed))
    key = services.key_propose(datalogger=encrypted, key=own, by=district, at=at, why="入网联调时录入")
    services.key_approve(key=key, by=city, at=at)
    services.setting_set(
        datalogger=station_get(city, mns[MOBILE]), dialect={"timeout_s": 30, "resends": 5}, valid_from=at,
        why="NB-IoT 链路：超时 30 s，重发 5 次", by=city, at=at,
    )  # fmt: skip
    asked = station_get(district, mns[ASKED])
    end = hour_start(at)
    hours = {"begin": format_digits(end - timedelta(hours=3)), "end": format_digits(end - timedelta(hours=1))}
    for command, values in (("get_time", {}), ("get_realtime_interval", {}), ("get_hours", hours)):
        services.command_ask(
            datalogger=asked, command=command, values=values, why="演示", by=district, at=at,
            expires=at + timedelta(days=1),
        )  # fmt: skip
    services.target_set(
        name=TARGET, title="国家平台（示例）", host="host.invalid", port=9212, edition="2017", by=city, at=at
    )


def speaking(outlets: Sequence[Outlet], region: Region) -> list[Outlet]:
    """The live loggers: one of them encrypts, and one more is registered nowhere."""
    encrypted = region.sites[ENCRYPTED][1].mn(region.seed)
    found = [
        replace(one, faults=(*one.faults, Encryption())) if one.profile.mn == encrypted else one
        for one in outlets
    ]
    return [*found, stranger(region)]


def stranger(region: Region) -> Outlet:
    """A simulated logger that nobody registered: it waits in quarantine."""
    return Outlet(
        Profile(mn_of(STRANGER_NUMBER, "2017", region.seed), "gas_boiler", seed=region.seed), "2017"
    )
