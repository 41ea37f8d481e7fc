"""Every setting an operator may make, in one table: ``docs/settings.md`` is generated from it.

A name that is used and not listed fails a test.
"""

from dataclasses import dataclass, fields

from mingcha.gateway.caps import CAP, POLICY, Caps, Policy


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable. ``default`` is shown as text; "" means unset."""

    name: str
    default: str
    meaning: str


RUNNING = [
    Variable("MINGCHA_DATA", "var", "Data folder: journal, readings, records, blobs, keys. Back this up."),
    Variable(
        "MINGCHA_JOURNAL",
        "embedded",
        "Engine of the journal: embedded, or the addresses of a NATS cluster (nats://a:4222,nats://b:4222).",
    ),
    Variable(
        "MINGCHA_JOURNAL_ACK",
        "cluster",
        "With a NATS cluster: cluster answers a frame when the cluster has it too, local when it is durable here.",
    ),
    Variable(
        "MINGCHA_JOURNAL_LOCAL_DAYS",
        "",
        "With a NATS cluster: local journal files so many days old are dropped once the cluster, a signed checkpoint and the readings have them; unset: kept.",
    ),
    Variable(
        "MINGCHA_READINGS",
        "sqlite",
        "Engine of the readings: sqlite (a file in the data folder) or postgresql://user:password@host/database (extra postgres).",
    ),
    Variable(
        "MINGCHA_HISTORY",
        "",
        "Where sealed days lie: a folder or s3://bucket/prefix; unset: history in the data folder.",
    ),
    Variable(
        "MINGCHA_HISTORY_BUCKETS",
        "8",
        "Shares of a history that begins; a province takes 64. Later it stays as it is.",
    ),
    Variable("MINGCHA_HISTORY_DAYS", "14", "Days (UTC) closed for so long are moved into history."),
    Variable(
        "MINGCHA_SEAL_HOURS", "24", "How often the worker moves them; 0: only by command (mingcha seal)."
    ),
    Variable(
        "AWS_ENDPOINT_URL",
        "",
        "Address of the object store of an s3:// history; unset: Amazon's. Keys: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION.",
    ),
    Variable(
        "DATABASE_URL",
        "",
        "Records on a server: postgresql://user:password@host/database (extra postgres); unset: a file in the data folder.",
    ),
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
    Variable(
        "MINGCHA_CHECKPOINT_MINUTES",
        "10",
        "How often the worker signs where the journal stands; 0: only by command.",
    ),
    Variable(
        "MINGCHA_TSA_URL",
        "",
        "Time stamp authority (RFC 3161) that stamps signed checkpoints; unset: none is asked.",
    ),
    Variable("MINGCHA_TSA_ROOTS", "", "Root certificates (PEM) of the authorities whose stamps are trusted."),
    Variable("MINGCHA_PURE", "0", "1 uses the pure-Python codec even where the compiled one is there."),
]
GATEWAY = [
    Variable(
        "MINGCHA_GATEWAY_WORKERS", "1", "Gateway processes that share the port, each with its own journal."
    ),
    Variable("MINGCHA_TLS_CERT", "", "Certificate chain (PEM): the gateway speaks TLS."),
    Variable("MINGCHA_TLS_KEY", "", "Private key (PEM) of the gateway's certificate."),
    Variable("MINGCHA_TLS_CLIENT_CA", "", "Authorities (PEM) whose certificate every logger must show."),
    Variable(
        "MINGCHA_LOG_FORMAT",
        "text",
        "json: logs have one JSON object a line. They never hold bytes of a frame.",
    ),
    Variable("MINGCHA_METRICS_PORT", "", "Port of the gateway's /metrics and /health; unset: none."),
    Variable("MINGCHA_METRICS_HOST", "127.0.0.1", "Address of the gateway's /metrics and /health."),
    Variable(
        "MINGCHA_METRICS_TOKEN",
        "",
        "Who asks the pages for /metrics from another machine sends it as bearer token; unset: this machine only.",
    ),
]


def _of(kind: type[Caps | Policy], prefix: str) -> list[Variable]:
    """The fields of the gateway's bounds and policy, each a variable."""
    return [
        Variable(
            prefix + one.name.upper(),
            _shown(one.default),
            one.metadata["meaning"],
        )
        for one in fields(kind)
    ]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


CAPS, POLICIES = _of(Caps, CAP), _of(Policy, POLICY)
TESTING = [
    Variable("MINGCHA_KILLS", "5", "How often the kill -9 tests kill."),
    Variable(
        "MINGCHA_FUZZ",
        "",
        "Examples of the fuzz tests, and a fiftieth of the inputs of the codec's mutation fuzzer; unset: Hypothesis's own number, and 100,000.",
    ),
    Variable(
        "MINGCHA_FORWARD_MINUTES",
        "15",
        "How much of a day, in minutes, a target has to catch up in the forwarding test.",
    ),
    Variable("MINGCHA_APPS_ON_POSTGRES", "0", "1 runs all tests of the apps on PostgreSQL, not a few."),
    Variable("MINGCHA_SEED", "1", "Seed of the moments at which the kill tests kill."),
    Variable(
        "MINGCHA_BROWSER_DATA", "", "A prepared data folder for the browser tests, to spare them the loading."
    ),
    Variable("MINGCHA_SCREENS", "", "Folder into which the browser tests write their screenshots."),
]
TABLES = (
    ("Running", RUNNING), ("Gateway", GATEWAY), ("Bounds of the gateway", CAPS), ("Policy of the gateway", POLICIES),
    ("Testing", TESTING),
)  # fmt: skip
VARIABLES = [variable for _, table in TABLES for variable in table]


def as_markdown() -> str:
    """The table as a page."""
    lines = ["# Settings", "", "Generated from `src/mingcha/site/environment.py` by `tools/docs.py`.", ""]
    for title, table in TABLES:
        lines += [f"## {title}", "", "| variable | default | meaning |", "|---|---|---|"]
        lines += [
            f"| `{v.name}` | {f'`{v.default}`' if v.default else 'unset'} | {v.meaning} |" for v in table
        ]
        lines.append("")
    return "\n".join(lines)
