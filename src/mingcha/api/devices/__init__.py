"""Data loggers: who is let in, how each is read, its keys, what it is asked, and where its frames go on to."""

from ninja import Router

from mingcha.api.devices import commands, keys, quarantine, stations, targets

router = Router()
for module in (quarantine, stations, keys, commands, targets):
    router.add_router("/devices", module.router)
