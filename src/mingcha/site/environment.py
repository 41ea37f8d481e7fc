"""Every setting an operator may make, in one table: ``docs/settings.md`` is generated from it.

A name that is used and not listed fails a test.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable. ``default`` is shown as text; "" means unset."""

    name: str
    default: str
    meaning: str


RUNNING = [
    Variable("MINGCHA_DATA", "var", "Data folder: journal, readings, records, blobs, keys. Back this up."),
    Variable("MINGCHA_GATEWAY_PORT", "9212", "TCP port on which dataloggers connect."),
    Variable("MINGCHA_WEB_PORT", "8000", "Port of the web pages."),
    Variable(
        "MINGCHA_HOSTS", "localhost,127.0.0.1,[::1]", "Host names under which the pages may be asked for."
    ),
    Variable(
        "MINGCHA_HTTPS", "0", "1 behind a proxy that ends TLS: secure cookies, HSTS, forwarded protocol."
    ),
    Variable(
        "MINGCHA_SECRET_KEY", "", "Key of sessions and sealed fields; unset: made once in the data folder."
    ),
    Variable(
        "MINGCHA_LOG_LEVEL", "WARNING", "Level of the log on the terminal: DEBUG, INFO, WARNING, ERROR."
    ),
    Variable("MINGCHA_DEBUG", "0", "1 shows Django's error pages. Never on a machine others can reach."),
    Variable("MINGCHA_PURE", "0", "1 uses the pure-Python codec even where the compiled one is there."),
]
TESTING = [
    Variable("MINGCHA_KILLS", "5", "How often the kill -9 tests kill."),
    Variable("MINGCHA_FUZZ", "", "Examples of the fuzz tests; unset: Hypothesis's own number."),
    Variable("MINGCHA_SEED", "1", "Seed of the moments at which the kill tests kill."),
    Variable(
        "MINGCHA_BROWSER_DATA", "", "A prepared data folder for the browser tests, to spare them the loading."
    ),
    Variable("MINGCHA_SCREENS", "", "Folder into which the browser tests write their screenshots."),
]
VARIABLES = RUNNING + TESTING


def as_markdown() -> str:
    """The table as a page."""
    lines = ["# Settings", "", "Generated from `src/mingcha/site/environment.py` by `tools/docs.py`.", ""]
    for title, table in (("Running", RUNNING), ("Testing", TESTING)):
        lines += [f"## {title}", "", "| variable | default | meaning |", "|---|---|---|"]
        lines += [
            f"| `{v.name}` | {f'`{v.default}`' if v.default else 'unset'} | {v.meaning} |" for v in table
        ]
        lines.append("")
    return "\n".join(lines)
