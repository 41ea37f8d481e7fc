"""Every command: its help, and the codes it ends with (0 well, 1 a negative result, 2 wrong use)."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from mingcha.cli import main as root
from mingcha.cli.main import COMMANDS, cli


def paths(command: click.Command, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command and group by the words that call it."""
    if not isinstance(command, click.Group):
        return [above]
    context = click.Context(command)
    below = {name: command.get_command(context, name) for name in command.list_commands(context)}
    return [above, *(p for name, one in below.items() if one for p in paths(one, (*above, name)))]


ALL = paths(cli)
DATA = {"rules list", "rules show", "rules judge", "rules coverage", "restate", "judge", "screen", "explain", "bench decode", "bench data",
        "doctor", "rebuild", "simulate", "device list", "device commands", "journal verify"}  # fmt: skip


def test_every_named_command_is_there() -> None:
    assert {path[0] for path in ALL if path} == set(COMMANDS)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    for flag in ("--help", "-h"):
        done = CliRunner().invoke(cli, [*path, flag])
        assert done.exit_code == 0, done.output
    assert "Usage:" in done.output
    assert len(done.output.splitlines()) > 3


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_says_what_it_does(path: tuple[str, ...]) -> None:
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    for option in command.params:
        if isinstance(option, click.Option) and option.name not in ("host", "edition", "seed"):
            assert option.help, f"{' '.join(path)} {option.opts}: say what it does"


@pytest.mark.parametrize("path", sorted(DATA))
def test_commands_that_print_data_print_json(path: str) -> None:
    assert "--json" in CliRunner().invoke(cli, [*path.split(), "--help"]).output


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_an_unknown_option_is_wrong_use(path: tuple[str, ...]) -> None:
    assert CliRunner().invoke(cli, [*path, "--no-such-option"]).exit_code == 2


def code(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["mingcha", *words])
    with pytest.raises(SystemExit) as ended:
        root.main()
    return int(ended.value.code or 0)


def test_an_error_of_ours_is_one_sentence_and_code_2(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code(monkeypatch, "explain", "F-2026-999999") == 2
    assert capsys.readouterr().err.strip() == (
        "mingcha: there is no finding F-2026-999999; numbers look like F-2026-000123"
    )


def test_an_unknown_command_and_an_unknown_benchmark_are_wrong_use(monkeypatch: pytest.MonkeyPatch) -> None:
    assert code(monkeypatch, "no-such-command") == 2
    assert code(monkeypatch, "bench", "no-such-bench") == 2


def test_a_user_with_bad_values_is_not_made_and_told_why(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["user", "x", "--name", "X", "--role", "emperor", "--password", "correct horse battery"]
    assert code(monkeypatch, *words) == 2
    assert "role" in capsys.readouterr().err


def test_doctor_and_journal_say_what_is_missing(
    db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINGCHA_DATA", str(tmp_path))
    assert code(monkeypatch, "doctor") == 1
    assert "run `mingcha migrate`" in capsys.readouterr().out
    assert code(monkeypatch, "rules", "list") == 0
