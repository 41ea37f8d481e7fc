"""Arithmetic of the forms: a small grammar, and nothing beside it."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mingcha.apps.maintenance.forms.expressions import DEEPEST, BadExpression, NoValue, parse

NUMBERS = st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=3)


def value(text: str, **names: str) -> object:
    return parse(text).value({name: Decimal(number) for name, number in names.items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1+2*3", "7"),
        ("(1+2)*3", "9"),
        ("8/4/2", "1"),
        ("10-4-3", "3"),
        ("-2*-3", "6"),
        ("--2", "2"),
        ("+5", "5"),
        ("max(1,2,3)-min(4,5)", "-1"),
        ("mean(1,2,6)", "3"),
        ("abs(-0.5)", "0.5"),
        ("2 * ( 3 + 4 )", "14"),
    ],
)
def test_it_reckons_as_at_school(text, expected):
    assert value(text) == Decimal(expected)


def test_names_are_the_fields_beside_it():
    assert value(
        "(zero_before-zero_prev)/range*100", zero_before="1.5", zero_prev="0.5", range="200"
    ) == Decimal("0.5")


def test_a_missing_name_is_named_and_not_zero():
    assert value("a+b+c", b="1") == NoValue(missing=("a", "c"))


@pytest.mark.parametrize("text", ["1/0", "0/0", "1/(2-2)"])
def test_division_by_zero_has_no_value(text):
    assert isinstance(value(text), NoValue)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1+", "*2", "(1", "1)", "1 2", "a b", "max", "max()", "max(1,)", "abs(1,2)", "pow(2,3)", "2**3", "1//2",
        "a.b", "a[0]", "__import__('os')", "lambda: 1", "1 if 1 else 2", "'x'", "1e5", "0x10", "1_000", "a=1", "a;b", "√2",
        "１+1", "a\n=1", "9" * 40, "1" + "+1" * 400, "(" * 99 + "1" + ")" * 99, "-" * 99 + "1", "eval(1)", "True and 1", "a@b",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_what_is_allowed(text):
    with pytest.raises(BadExpression) as caught:
        parse(text)
    assert str(caught.value)


def test_the_refusal_says_what_and_where():
    with pytest.raises(BadExpression, match=r"found '\)' at 2, expected a number or a name.*numbers, names"):
        parse("1+)")


@given(st.text(max_size=60) | st.text("0123456789.+-*/() ,abmaxine_", max_size=60))
def test_fuzz_parse_gives_an_expression_or_a_clear_refusal(text):
    found: object
    try:
        found = parse(text)
    except BadExpression as error:
        found = str(error)
    if isinstance(found, str):
        assert found
    else:
        result = found.value({name: Decimal(3) for name in found.names})
        assert isinstance(result, Decimal | NoValue)


def trees(depth: int = 4) -> st.SearchStrategy[tuple[str, object]]:
    """Expressions with the value Python's own arithmetic gives them, None for a division by zero."""
    leaves = NUMBERS.map(lambda n: (f"({n})" if n < 0 else str(n), n)) | st.sampled_from("abc").map(
        lambda n: (n, {"a": Decimal(1), "b": Decimal("-2.5"), "c": Decimal(0)}[n])
    )

    def grow(inner: st.SearchStrategy[tuple[str, object]]) -> st.SearchStrategy[tuple[str, object]]:
        two = st.tuples(st.sampled_from("+-*/"), inner, inner).map(_two)
        calls = st.tuples(
            st.sampled_from(["max", "min", "mean"]), st.lists(inner, min_size=1, max_size=4)
        ).map(_call)
        return two | calls

    return st.recursive(leaves, grow, max_leaves=8)


def _two(part: tuple[str, tuple[str, object], tuple[str, object]]) -> tuple[str, object]:
    sign, (left, a), (right, b) = part
    text = f"({left}{sign}{right})"
    if a is None or b is None or (sign == "/" and b == 0):
        return text, None
    return text, {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else None}[sign]


def _call(part: tuple[str, list[tuple[str, object]]]) -> tuple[str, object]:
    name, items = part
    text = f"{name}({','.join(item for item, _ in items)})"
    values = [number for _, number in items]
    if any(number is None for number in values):
        return text, None
    return text, {"max": max(values), "min": min(values), "mean": sum(values, Decimal(0)) / len(values)}[name]


@given(trees())
def test_it_agrees_with_plain_arithmetic(tree):
    text, expected = tree
    found = parse(text).value({"a": Decimal(1), "b": Decimal("-2.5"), "c": Decimal(0)})
    if expected is None:
        assert isinstance(found, NoValue)
    else:
        assert math.isclose(found, expected, rel_tol=1e-20, abs_tol=1e-20)


def test_huge_values_give_no_value_instead_of_an_error():
    big = "9" * 18
    assert isinstance(value("*".join([big] * 25)), Decimal)
    expression = parse("a" + "*a" * 200)
    assert isinstance(expression.value({"a": Decimal("1e999999")}), NoValue)


def test_the_deepest_allowed_is_allowed():
    depth = DEEPEST - 1
    assert parse("(" * depth + "1" + ")" * depth).value({}) == 1
