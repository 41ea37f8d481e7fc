"""``mingcha device target``: other hosts to which frames are forwarded."""

import click

from mingcha.cli.devices_shared import acting, json_flag, person, rows_out


@click.group()
def target() -> None:
    """Other hosts to which frames are forwarded."""


@target.command("list")
@acting
@json_flag
def list_targets(username: str, *, as_json: bool) -> None:
    """All targets, without their secrets."""
    user = person(username)
    from mingcha.apps.devices import selectors

    rows = [
        {
            "name": row.name, "title": row.title, "host": row.host, "port": row.port, "edition": row.edition,
            "tls": row.tls, "active": row.active, "filters": row.filter, "mapped": row.mapped,
        }
        for row in selectors.targets_list(user)
    ]  # fmt: skip
    rows_out(rows, ("name", "host", "port", "edition", "tls", "active"), as_json=as_json)


@target.command("set")
@click.argument("name")
@click.argument("address", metavar="HOST:PORT")
@click.option(
    "--edition", required=True, type=click.Choice(["2005", "2017", "2025"]), help="Edition to speak there."
)
@click.option("--title", default="", help="What it is called on pages.")
@click.option("--tls", is_flag=True, help="Connect by TLS.")
@click.option("--password", "ask_password", is_flag=True, help="Ask for the PW of our frames there.")
@click.option(
    "--district", "districts", multiple=True, help="Only outlets of this district (code). Repeatable."
)
@click.option("--outlet", "outlets", multiple=True, help="Only this outlet (USCC/CODE). Repeatable.")
@click.option("--st", "sts", multiple=True, help="Only this system code. Repeatable.")
@click.option(
    "--cn", "cns", multiple=True, help="Only this command code; default all data uploads. Repeatable."
)
@acting
def set_target(
    name: str,
    address: str,
    edition: str,
    title: str,
    districts: tuple[str, ...],
    outlets: tuple[str, ...],
    sts: tuple[str, ...],
    cns: tuple[str, ...],
    username: str,
    *,
    tls: bool,
    ask_password: bool,
) -> None:
    """Enter a target, switched off, or change the one with this name."""
    user = person(username)
    from mingcha.apps.devices import services
    from mingcha.core.clock import now

    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise click.BadParameter(f"{address!r}: expected HOST:PORT such as 10.0.0.7:9212")
    password = click.prompt("password", hide_input=True) if ask_password else None
    filters = {"districts": districts, "outlets": outlets, "sts": sts, "cns": cns}
    made = services.target_set(
        name=name, host=host, port=int(port), edition=edition, title=title, tls=tls, password=password,
        filters=filters, by=user, at=now(),
    )  # fmt: skip
    click.echo(f"target {made.name} is {'on' if made.active else 'off'}")


@target.command("switch")
@click.argument("name")
@click.argument("to", type=click.Choice(["on", "off"]))
@acting
def switch(name: str, to: str, username: str) -> None:
    """Begin or stop forwarding to a target."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now

    made = services.target_switch(target=selectors.target_get(user, name), on=to == "on", by=user, at=now())
    click.echo(f"target {made.name} is {'on' if made.active else 'off'}")


@target.command("station")
@click.argument("name")
@click.argument("mn", metavar="MN")
@click.argument("there", metavar="MN_THERE")
@click.option("--password", "ask_password", is_flag=True, help="Ask for its password there.")
@acting
def station(name: str, mn: str, there: str, username: str, *, ask_password: bool) -> None:
    """Under which MN one of our stations goes to a target."""
    user = person(username)
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now

    password = click.prompt("password", hide_input=True) if ask_password else ""
    services.target_station_set(
        target=selectors.target_get(user, name), datalogger=selectors.station_get(user, mn), mn=there,
        password=password, by=user, at=now(),
    )  # fmt: skip
    click.echo(f"{mn} goes to {name} as {there}")
