"""Arithmetic of the forms: what a ``computed=`` field may say, and nothing else.

Grammar: numbers, names, ``+ - * / ( )`` and ``max min mean abs``. No attribute, index, string, power or
call of anything else; evaluation ends after as many steps as the text has letters.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException, localcontext

from mingcha.core.errors import BadRule

LONGEST = 500  # letters; the longest real one has 40
DEEPEST = 30  # brackets and signs inside each other; keeps the recursion small

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]{1,18}(?:\.[0-9]{1,18})?)|(?P<name>[a-z_][a-z0-9_]*)|(?P<mark>[-+*/(),]))",
    re.ASCII,
)
_FUNCTIONS = ("max", "min", "mean", "abs")


class BadExpression(BadRule):
    """The text is no expression of the grammar."""


@dataclass(frozen=True, slots=True)
class NoValue:
    """Why an expression has no value: the names without one, or the arithmetic."""

    missing: tuple[str, ...] = ()
    impossible: str = ""


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression in postfix order; ``names`` sorted."""

    text: str
    steps: tuple[tuple[str, str, int], ...]  # (kind, word, number of arguments)
    names: tuple[str, ...]

    def value(self, values: Mapping[str, Decimal]) -> Decimal | NoValue:
        """The value with 28 digits, or why there is none."""
        missing = tuple(name for name in self.names if name not in values)
        if missing:
            return NoValue(missing=missing)
        stack: list[Decimal] = []
        try:
            with localcontext():
                for kind, word, count in self.steps:
                    _apply(stack, kind, word, count, values)
        except DecimalException as error:
            return NoValue(impossible=type(error).__name__)
        return stack[0]


def parse(text: str) -> Expression:
    """Read ``text``.

    Raises:
        BadExpression: it is not of the grammar; the message says where and what is allowed.
    """
    if len(text) > LONGEST:
        raise BadExpression(f"expression of {len(text)} letters: at most {LONGEST} are read; split it")
    parser = _Parser(text, list(_tokens(text)))
    parser.sum()
    parser.end()
    names = sorted({word for kind, word, _ in parser.steps if kind == "name"})
    return Expression(text, tuple(parser.steps), tuple(names))


def _apply(stack: list[Decimal], kind: str, word: str, count: int, values: Mapping[str, Decimal]) -> None:
    if kind == "number":
        stack.append(Decimal(word))
    elif kind == "name":
        stack.append(values[word])
    else:
        arguments = stack[-count:]
        del stack[-count:]
        stack.append(_result(word, arguments))


def _result(word: str, arguments: list[Decimal]) -> Decimal:
    first, last = arguments[0], arguments[-1]
    match word:
        case "+":
            return first + last
        case "-":
            return first - last if len(arguments) == 2 else -first
        case "*":
            return first * last
        case "/":
            return first / last
        case "max":
            return max(arguments)
        case "min":
            return min(arguments)
        case "mean":
            return sum(arguments, Decimal(0)) / len(arguments)
        case _:
            return abs(first)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise BadExpression(
                f"{text!r}: {text[place:].strip()[:1]!r} at {place} is not allowed; use {_ALLOWED}"
            )
        kind = match.lastgroup or ""
        yield kind, match[kind], match.start(kind)
        place = match.end()


_ALLOWED = "numbers, names, + - * / ( ) and max, min, mean, abs"


class _Parser:
    """Recursive descent; one method per line of the grammar."""

    def __init__(self, text: str, tokens: list[tuple[str, str, int]]) -> None:
        self.text = text
        self.tokens = tokens
        self.place = 0
        self.depth = 0
        self.steps: list[tuple[str, str, int]] = []

    def sum(self) -> None:
        self.product()
        while sign := self.taken("+", "-"):
            self.product()
            self.steps.append(("do", sign, 2))

    def product(self) -> None:
        self.factor()
        while sign := self.taken("*", "/"):
            self.factor()
            self.steps.append(("do", sign, 2))

    def factor(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadExpression(f"{self.text!r}: more than {DEEPEST} levels; write it flatter")
        if sign := self.taken("+", "-"):
            self.factor()
            if sign == "-":
                self.steps.append(("do", "-", 1))
        elif self.taken("("):
            self.sum()
            self.need(")")
        else:
            self.word()
        self.depth -= 1

    def word(self) -> None:
        kind, word, _ = self.peek()
        if kind not in ("number", "name"):
            self.refuse("a number or a name")
        self.place += 1
        if kind == "name" and (self.taken("(") or word in _FUNCTIONS):
            self.call(word)
        else:
            self.steps.append((kind, word, 0))

    def call(self, word: str) -> None:
        if word not in _FUNCTIONS:
            raise BadExpression(f"{self.text!r}: there is no function {word}; use {_ALLOWED}")
        if self.tokens[self.place - 1][1] != "(":
            self.refuse(f"( after {word}")
        self.sum()
        count = 1
        while self.taken(","):
            self.sum()
            count += 1
        self.need(")")
        if word == "abs" and count != 1:
            raise BadExpression(f"{self.text!r}: abs takes one value, found {count}")
        self.steps.append(("do", word, count))

    def peek(self) -> tuple[str, str, int]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "", len(self.text))

    def taken(self, *marks: str) -> str:
        """The mark that comes next, taken; "" where another comes."""
        kind, word, _ = self.peek()
        if kind != "mark" or word not in marks:
            return ""
        self.place += 1
        return word

    def need(self, mark: str) -> None:
        if not self.taken(mark):
            self.refuse(repr(mark))

    def end(self) -> None:
        if self.peek()[0] != "end":
            self.refuse("the end, or one of + - * /")

    def refuse(self, expected: str) -> None:
        _, word, place = self.peek()
        raise BadExpression(
            f"{self.text!r}: found {word or 'the end'!r} at {place}, expected {expected}; use {_ALLOWED}"
        )
