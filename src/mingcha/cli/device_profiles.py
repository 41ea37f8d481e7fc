"""``mingcha device profile``: how a station is read, as dated settings and as a file."""

import json
from pathlib import Path
from typing import Any

import click

from mingcha.cli.devices_shared import acting, json_flag, pairs, person, rows_out, shown_time
from mingcha.cli.journal_words import Moment

since = click.option(
    "--from", "valid_from", type=Moment(), help="Since when; default now. In the past: read again."
)
why_option = click.option("--why", required=True, help="Why; kept with the setting.")


@click.group()
def profile() -> None:
    """How stations are read: dated settings, exported, imported, copied."""


@profile.command("show")
@click.argument("mn", metavar="MN")
@acting
@json_flag
def show(mn: str, username: str, *, as_json: bool) -> None:
    """All settings of a station, those that begin last first."""
    user = person(username)
    from mingcha.apps.devices import selectors

    found = selectors.settings_of(user, selectors.station_get(user, mn))
    rows = [
        {
            "id": row.pk, "valid_from": shown_time(row.valid_from), "edition": row.edition, "dialect": row.dialect,
            "contact": row.contact, "set_by": row.set_by.username if row.set_by else None, "why": row.why,
        }
        for row in found
    ]  # fmt: skip
    rows_out(rows, ("id", "valid_from", "edition", "set_by", "why"), as_json=as_json)


@profile.command("set")
@click.argument("mn", metavar="MN")
@click.argument("values", metavar="[SETTING=VALUE]...", nargs=-1)
@click.option(
    "--edition", default="", type=click.Choice(["", "2005", "2017", "2025"]), help="Edition it shall speak."
)
@since
@why_option
@acting
def set_setting(
    mn: str, values: tuple[str, ...], edition: str, valid_from: Any, why: str, username: str
) -> None:
    """Follow the setting of a station with a new one: crc='["modbus_low_first"]' mode=strict; the rest takes its default."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now
    from mingcha.protocol.hj212 import SETTINGS

    given = pairs(values)
    numeric = {name for name, setting in SETTINGS.items() if isinstance(setting.default, int)}
    dialect = {
        n: int(v) if n in numeric and isinstance(v, str) and v.isdigit() else v for n, v in given.items()
    }
    logger, at = selectors.station_get(user, mn), now()
    made = services.setting_set(
        datalogger=logger,
        dialect=dialect,
        edition=edition,
        valid_from=valid_from or at,
        why=why,
        by=user,
        at=at,
    )
    click.echo(f"setting {made.pk} of {mn} holds from {shown_time(made.valid_from)}")


@profile.command("export")
@click.argument("mn", metavar="MN")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File; default: print.")
@acting
def export(mn: str, out: Path | None, username: str) -> None:
    """The setting in force as a JSON file with version and digest."""
    user = person(username)
    from mingcha.apps.devices import selectors
    from mingcha.core.clock import now

    found = selectors.profile_export(user, selectors.station_get(user, mn), now())
    text = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"profile of {mn} written to {out}")


@profile.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.argument("stations", metavar="MN...", nargs=-1, required=True)
@since
@why_option
@acting
def import_profile(file: Any, stations: tuple[str, ...], valid_from: Any, why: str, username: str) -> None:
    """Set stations to an exported profile; all of them or none."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now

    try:
        data = json.load(file)
    except ValueError as error:
        raise click.BadParameter(f"{file.name} is no JSON ({error}); expected an exported profile") from None
    loggers, at = [selectors.station_get(user, mn) for mn in stations], now()
    made = services.profile_import(
        profile=data, dataloggers=loggers, valid_from=valid_from or at, why=why, by=user, at=at
    )
    click.echo(f"{len(made)} stations set")


@profile.command("copy")
@click.argument("source", metavar="MN")
@click.argument("stations", metavar="MN...", nargs=-1, required=True)
@since
@why_option
@acting
def copy(source: str, stations: tuple[str, ...], valid_from: Any, why: str, username: str) -> None:
    """Set other stations as the first one is set now."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now

    first, at = selectors.station_get(user, source), now()
    loggers = [selectors.station_get(user, mn) for mn in stations]
    made = services.profile_copy(
        source=first, dataloggers=loggers, valid_from=valid_from or at, why=why, by=user, at=at
    )
    click.echo(f"{len(made)} stations set as {source}")
