"""Starts the parts of mingcha quickly: ``_crash_parts.py FOLDER``. It loads everything once and forks a child for each start.

Reads one JSON list a line, the arguments of a ``mingcha`` command, and prints the number of the process that runs it.
A child is what the command starts and dies as it would; only the time that Python needs to load our modules is saved.
It is killed by its number, from outside, whenever that may be: also while it starts.
"""

import json
import os
import signal
import sys
from datetime import date, timedelta
from pathlib import Path

FACTOR, LIMIT = "a21002", "50"


def make(stations: int) -> None:
    """Tables, and outlets of which each has one logger and one limit."""
    from django.core.management import call_command

    from mingcha.apps.accounts.services import district_register
    from mingcha.apps.accounts.values import uscc_check_digit
    from mingcha.apps.registry.services import (
        datalogger_install,
        discharger_register,
        limit_set,
        outlet_register,
    )
    from mingcha.core.clock import now

    call_command("migrate", interactive=False, verbosity=0)
    at = now()
    home = district_register(code="319191", name="试验区", name_en="Test district", column=0, row=0, at=at)
    for number in range(stations):
        body = f"91319191{number:09d}"
        owner = discharger_register(
            uscc=body + uscc_check_digit(body), name=f"厂{number}", district=home, at=at
        )
        outlet = outlet_register(
            discharger=owner.organisation, code="DA001", name="总排口", medium="gas", principle="extractive", at=at
        )  # fmt: skip
        datalogger_install(
            outlet=outlet, mn=f"{number:024X}", st="31", edition="2017", installed_at=at - timedelta(days=400), at=at
        )  # fmt: skip
        limit_set(
            outlet=outlet, factor=FACTOR, value=LIMIT, unit="mg/m3", averaging="hour", document="排污许可证", clause="表1",
            valid_from=date(2020, 1, 1), reference_o2="6", at=at,
        )  # fmt: skip


def child(arguments: list[str], folder: Path) -> None:
    """Run one command; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(folder / f"{arguments[0]}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    code = 1
    try:
        if arguments[0] == "make":
            make(int(arguments[1]))
        else:
            from mingcha.cli.main import cli

            cli.main(args=arguments, standalone_mode=False)
        code = 0
    except BaseException:  # noqa: BLE001  the log must say why a part ended
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def main(folder: Path) -> None:
    import django

    django.setup()
    import mingcha.cli.gateway
    import mingcha.cli.worker
    import mingcha.workers.worker  # noqa: F401  loaded once, for all children

    signal.signal(
        signal.SIGCHLD, signal.SIG_IGN
    )  # nobody waits for the children: their numbers vanish at once
    print("ready", flush=True)
    for line in sys.stdin:
        arguments = json.loads(line)
        number = os.fork()
        if number == 0:
            child(arguments, folder)
        print(number, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
