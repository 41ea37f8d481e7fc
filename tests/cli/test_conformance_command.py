"""``mingcha hj212 conformance``: exit codes, progress, and the three forms of its report; the reports in docs/."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mingcha.core.errors import LocalError
from mingcha.gateway.conformance import Run, Runner, Settings, cases
from mingcha.gateway.conformance.report import as_data, as_markdown, as_pdf
from mingcha.store import documents
from mingcha.store.documents import typesetting as room

DOCS = Path(__file__).resolve().parents[2] / "docs" / "conformance"
BUILT = (documents.FONTS / room.REGULAR).is_file() and (documents.FONTS / room.BOLD).is_file()


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mingcha", "hj212", "conformance", *arguments], capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def nobody() -> Run:
    """A run in which nobody connected: every case has an outcome, most are not run."""

    async def scene() -> Run:
        runner = Runner(Settings("logger", edition="2017", wait_s=0.1), host="127.0.0.1", port=0, listen=True)
        async with runner.opened():
            return await runner.play()

    return asyncio.run(scene())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give either --listen"),
        (["--listen", "9", "--connect", "localhost:9"], "give either --listen"),
        (["--connect", "127.0.0.1:9"], "--mn"),
        (["--listen", "127.0.0.1:seven"], "expected [HOST:]PORT"),
        (["--listen", "0", "--report", "report.doc"], ".pdf"),
        (["--listen", "0", "--key", "short"], "--key"),
        (["--listen", "127.0.0.1:0", "--only", "frmaing.*"], "fit no case"),
        (["--listen", "192.0.2.1:9"], "cannot listen on"),
    ],
)
def test_wrong_use_ends_with_2_and_says_why(arguments, sentence):
    done = command(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_nobody_who_comes_ends_with_1_and_a_report(tmp_path: Path):
    path = tmp_path / "report.json"
    done = command("--listen", "127.0.0.1:0", "--wait", "0.2", "--report", str(path))
    assert done.returncode == 1
    assert "nobody connected within 0.2 s" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads(path.read_text())["counts"]["fail"] == 1


def test_no_host_ends_with_1():
    done = command("--connect", "127.0.0.1:1", "--mn", "010000A8900016F000169DC0", "--wait", "0.2", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["tested"] == "host"
    assert done.stderr == ""


def test_the_list_names_every_case():
    done = command("--role", "logger", "--edition", "2025", "--list")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == [c.id for c in cases("host", "2025")]


def test_a_host_that_answers_ends_with_0(tmp_path: Path):
    """Only the framing cases, against our own simulator started as a command."""
    with subprocess.Popen(
        [sys.executable, "-m", "mingcha", "hj212", "conformance", "--listen", "127.0.0.1:0", "--timeout", "2",
         "--wait", "30", "--only", "link.*", "--only", "framing.*", "--quiet-for", "0.2"],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as testing:  # fmt: skip
        assert testing.stderr is not None
        # The first line of progress names the port that the system chose.
        line = testing.stderr.readline()
        port = re.search(r":(\d+)$", line.strip())
        assert port is not None
        with subprocess.Popen(
            [sys.executable, "-m", "mingcha", "simulate", "--loggers", "1", "--edition", "2017", "--port", port[1],
             "--interval", "0.5", "--json"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as logger:  # fmt: skip
            out, err = testing.communicate(timeout=60)
            logger.terminate()
    assert testing.returncode == 0, err
    assert "0 fail" in out


# --- reports -------------------------------------------------------------------------------------------


def test_markdown_and_json_tell_every_case(nobody: Run):
    wanted = [case.id for case in cases("logger", "2017")]
    assert sorted(row["id"] for row in as_data(nobody)["cases"]) == sorted(wanted)
    assert set(ids_of(as_markdown(nobody))) == set(wanted)
    json.dumps(as_data(nobody))


@pytest.mark.skipif(not BUILT, reason="the font is not built; run `make setup`")
def test_the_pdf_holds_its_chinese(nobody: Run):
    made = as_pdf(nobody)
    assert made.startswith(b"%PDF")
    assert 30_000 < len(made) < 1_000_000, "a subset of the font, never the whole"
    assert b"NotoSansSC" in made


def test_a_missing_font_is_said_with_its_remedy(nobody: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    room._fonts.cache_clear()
    monkeypatch.setattr(room, "FONTS", tmp_path)
    with pytest.raises(LocalError, match="make setup"):
        as_pdf(nobody)
    room._fonts.cache_clear()


@pytest.mark.skipif(not BUILT, reason="the font is not built; run `make setup`")
def test_a_text_cannot_become_source():
    source = '#set text(font: "Noto Sans SC")\n#' + documents.DATA + '.at("text")'
    assert documents.pdf(source, {"text": '#panic("no") $ ] \\'}).startswith(b"%PDF")


@pytest.mark.parametrize("edition", ["2005", "2017", "2025"])
@pytest.mark.parametrize("role", ["logger", "host"])
def test_the_reports_in_docs_have_the_cases_of_the_table(role, edition):
    """When this fails: `python tools/conformance_reports.py`."""
    text = (DOCS / f"{role}_{edition}.md").read_text(encoding="utf-8")
    assert sorted(ids_of(text)) == sorted(case.id for case in cases(role, edition))
    assert "不通过 fail 0" in text


def ids_of(text: str) -> list[str]:
    return re.findall(r"^\| `([a-z0-9_.]+)` \|", text, re.MULTILINE)
