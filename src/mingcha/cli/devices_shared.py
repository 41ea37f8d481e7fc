"""What the parts of ``mingcha device`` share: the acting person, values from the command line, tables."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from mingcha.cli.records import django_ready

if TYPE_CHECKING:
    from mingcha.apps.accounts.permissions import Person

acting = click.option(
    "--as", "username", metavar="USERNAME", required=True, help="The person who acts; it is audited."
)
json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def person(username: str) -> "Person":
    """The acting person; loads Django.

    Raises:
        NotFound: there is none. NotAllowed: the account is closed.
    """
    django_ready()
    from mingcha.apps.accounts.selectors import user_by_name
    from mingcha.core.errors import NotAllowed

    user = user_by_name(username)
    if not user.is_active:
        raise NotAllowed(f"the account {username} is closed", needs="an open account")
    return user


def pairs(words: Iterable[str]) -> dict[str, Any]:
    """``name=value`` words; a value that is JSON is read as such, ``-`` is asked for without showing it.

    Raises:
        click.BadParameter: a word has no ``=``, or a name stands twice.
    """
    found: dict[str, Any] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"{word!r}: expected name=value")
        if name in found:
            raise click.BadParameter(f"{name!r} is given twice; keep one")
        found[name] = click.prompt(name, hide_input=True) if text == "-" else _value(text)
    return found


def _value(text: str) -> Any:
    """JSON lists and objects, ``true`` and ``false``; all else stays text: ``010`` is no number here."""
    if text[:1] in ("[", "{") or text in ("true", "false"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise click.BadParameter(f"{text!r} is no JSON: {error}") from None
    return text


def shown_time(moment: datetime | None) -> str:
    """On the Beijing clock; "" for none."""
    from mingcha.core.clock import beijing

    return "" if moment is None else beijing(moment).isoformat(timespec="seconds")


def rows_out(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Rows as JSON, or ``columns`` of them as a table."""
    if as_json:
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=2, default=str))
        return
    table = [[str(row.get(name) or "-") for name in columns] for row in rows]
    widths = [max([len(name), *(len(line[n]) for line in table)]) for n, name in enumerate(columns)]
    for line in [list(columns), *table]:
        click.echo("  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip())
