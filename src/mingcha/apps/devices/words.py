"""What commands and the reasons of their end are called."""

from functools import cache
from pathlib import Path

from mingcha.core.yamls import load_yaml
from mingcha.protocol.hj212.exchanges.catalogue import COMMANDS

Words = dict[str, dict[str, str]]


@cache
def reasons() -> dict[str, Words]:
    found: dict[str, Words] = load_yaml(Path(__file__).with_name("reasons.yaml").read_text(encoding="utf-8"))
    return found


def title(command: str, language: str) -> str:
    """The name of a command; ``language``: zh or en."""
    found = COMMANDS.get(command)
    return command if found is None else str(getattr(found, f"title_{language}"))


def reason(state: str, code: str, language: str) -> str:
    """What a code of 9011 or 9012, or a word of ours, means; the code itself where it is not known."""
    word, _, rest = code.partition(":")
    found = reasons().get(state, {}).get(code) or reasons()["own"].get(word)
    text = code if found is None else found[language]
    return f"{text}：{rest.strip()}" if found is not None and rest else text
