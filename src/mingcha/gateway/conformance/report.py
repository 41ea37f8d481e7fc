"""A run as data, as Markdown and as PDF. All three say the same, in Chinese and English; no password or key is in any."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mingcha import __version__
from mingcha.core.clock import beijing
from mingcha.gateway.conformance.outcomes import WORDS, Outcome, Result, shown
from mingcha.gateway.conformance.runner import Run
from mingcha.gateway.conformance.table import groups
from mingcha.store.documents import pdf

FORMAT = "mingcha-conformance/1"
PEERS = {"logger": ("数采仪（现场机）", "data logger"), "host": ("上位机", "host")}
TEMPLATE = Path(__file__).with_name("report.typ")


def as_data(run: Run) -> dict[str, Any]:
    """Plain values, ready for JSON."""
    return {
        "format": FORMAT,
        "mingcha": __version__,
        "tested": run.settings.tested,
        "edition": run.edition,
        "mn": run.mn,
        "began": beijing(run.began).isoformat(timespec="seconds"),
        "took_s": round(run.took_s, 1),
        "frames": run.frames,
        "dropped": run.dropped,
        "passed": run.passed,
        "settings": _settings(run),
        "counts": {str(outcome): run.count(outcome) for outcome in Outcome},
        "cases": [_case(result) for result in run.results],
    }


def as_markdown(run: Run) -> str:
    data = as_data(run)
    zh, en = PEERS[run.settings.tested]
    lines = [
        f"# 符合性报告 Conformance report: {en}, {data['edition']}", "",
        f"| 被测 Tested | {zh} {en} |", "|---|---|",
        f"| 版本 Edition | {data['edition']} |",
        f"| MN | {data['mn'] or '-'} |",
        f"| 时间 Began | {data['began']} |",
        f"| 用时 Took | {data['took_s']:.1f} s, {data['frames']} frames received |",
        f"| 设置 Settings | {_settings_text(data)} |",
        f"| 结果 Outcome | {_counts(data)} |",
        f"| 工具 Tool | mingcha {data['mingcha']} |",
    ]  # fmt: skip
    for name, rows in _grouped(data):
        head = groups()[name]
        lines += ["", f"## {head['zh']} {head['en']}", ""]
        lines += [
            "| 用例 Case | 依据 Clause | 要求 Expectation | 结果 Outcome | 所见 Seen |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(row) for row in rows]
    return "\n".join([*lines, *_frames(data), ""])


def as_pdf(run: Run) -> bytes:
    """Raises LocalError where font or typesetter are missing."""
    data = as_data(run)
    sections = [{"title": groups()[name], "cases": rows} for name, rows in _grouped(data)]
    zh, en = PEERS[run.settings.tested]
    return pdf(
        TEMPLATE.read_text(encoding="utf-8"),
        data | {"sections": sections, "peer": {"zh": zh, "en": en}, "settings_text": _settings_text(data)},
    )


def _settings(run: Run) -> dict[str, Any]:
    one = run.settings
    return {
        "timeout_s": one.timeout_s, "result_s": one.result_s, "wait_s": one.wait_s, "quiet_s": one.quiet_s,
        "control": one.control, "slow": one.slow, "key": one.key is not None,
    }  # fmt: skip


def _settings_text(data: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value}" if not isinstance(value, bool) else name
        for name, value in data["settings"].items()
        if value is not False
    )


def _case(result: Result) -> dict[str, Any]:
    case, verdict = result.case, result.verdict
    return {
        "id": case.id, "group": case.group, "role": case.role, "editions": list(case.editions), "clause": case.clause,
        "guide": case.guide, "tag": str(case.tag),
        "expectation": {"zh": case.zh, "en": case.en}, "provoked": {"zh": case.how_zh, "en": case.how_en},
        "outcome": str(result.outcome), "word": {"zh": WORDS[result.outcome][0], "en": WORDS[result.outcome][1]},
        "seen": {"zh": verdict.sentence("zh"), "en": verdict.sentence("en")},
        "frames": [shown(one) for one in verdict.frames], "took_s": round(result.took_s, 3),
    }  # fmt: skip


def _grouped(data: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for name in groups():
        rows = [row for row in data["cases"] if row["group"] == name]
        if rows:
            yield name, rows


def _counts(data: dict[str, Any]) -> str:
    return ", ".join(f"{zh} {en} {data['counts'][str(outcome)]}" for outcome, (zh, en) in WORDS.items())


def _row(row: dict[str, Any]) -> str:
    clause = f"{row['clause'] or '-'}<br>{row['tag']}"
    cells = [f"`{row['id']}`", clause, _both(row["expectation"]), _both(row["word"]), _both(row["seen"])]
    return f"| {' | '.join(cells)} |"


def _both(text: dict[str, str]) -> str:
    return "<br>".join(_safe(part) for part in (text["zh"], text["en"]))


def _safe(text: str) -> str:
    """What a peer sent must not change the table."""
    return (
        text.replace("\\", "\\\\")
        .replace("|", "\\|")
        .replace("<", "&lt;")
        .replace("\n", " ")
        .replace("`", "'")
    )


def _frames(data: dict[str, Any]) -> Iterator[str]:
    """Time since the run began, direction (→ ours, ← the peer's), the frame with passwords masked."""
    yield from ("", "## 报文 Frames", "")
    yield "自测试开始的时间；→ 本机发出，← 对方发出；密码与密钥已隐去。"
    yield "Time since the run began; → ours, ← the peer's; passwords and keys are hidden."
    for row in data["cases"]:
        if row["frames"]:
            yield from (
                "",
                f"### {row['id']}",
                "",
                "```",
                *(line.replace("```", "'''") for line in row["frames"]),
                "```",
            )
