"""What every answer is made of: moments in Beijing time, numbers of the law as text, pages of a list."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from ninja import Field, Schema
from pydantic import AfterValidator, PlainSerializer, WithJsonSchema

from mingcha.core.clock import BEIJING, beijing

T = TypeVar("T")
YEARS = range(1990, 2101)  # outside of these a moment is a slip of the pen, and arithmetic on it may overflow
LIMIT_MAX, OFFSET_MAX = 200, 1_000_000


def _in_beijing(moment: datetime) -> str:
    return beijing(moment).isoformat()


def _aware(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise ValueError(f"year {moment.year}: expected {YEARS[0]} to {YEARS[-1]}")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=BEIJING)


Moment = Annotated[
    datetime,
    PlainSerializer(_in_beijing, return_type=str),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "description": "ISO 8601, Beijing time: ends in +08:00"}
    ),
]
AskedMoment = Annotated[
    datetime,
    AfterValidator(_aware),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "description": "ISO 8601; without a zone it is Beijing time. A + in an address is written %2B",
        }
    ),
]
Year = Annotated[int, Field(ge=2000, le=2100)]
Number = Annotated[int, Field(ge=1, lt=2**63)]  # the id of a row


def exact(number: Decimal) -> str:
    """A number of the law as text: every digit, no exponent, no zeros that a table added."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class Problem(Schema):
    """What was found, what was expected, what to do."""

    code: str
    message: str
    problems: dict[str, str] | None = Field(None, description='By field; "" is about the whole')
    number: str | None = Field(None, description="Tell it to the administrator: it stands in the log")


class Failed(Schema):
    """The one form of every error."""

    error: Problem


class Named(Schema):
    """An organisation."""

    uscc: str
    name: str


class Seen(Schema):
    """``seen``: the state the caller has in mind; where the object has another by now, nothing is written (409)."""

    seen: str = ""


class Paging(Schema):
    limit: int = Field(50, ge=1, le=LIMIT_MAX)
    offset: int = Field(0, ge=0, le=OFFSET_MAX)


class Page(Schema, Generic[T]):
    """``total``: how many there are with this filter, on all pages."""

    total: int
    limit: int
    offset: int
    items: list[T]


def page_of(rows: Any, paging: Paging, make: Callable[[Any], Schema]) -> dict[str, Any]:
    """One page of a query set as the fields of ``Page``."""
    part = rows[paging.offset : paging.offset + paging.limit]
    return {
        "total": rows.count(),
        "limit": paging.limit,
        "offset": paging.offset,
        "items": [make(row) for row in part],
    }


def named(organisation: Any) -> Named | None:
    return None if organisation is None else Named(uscc=organisation.uscc, name=organisation.name)


def answers(good: Any, *, write: bool = False) -> dict[int, Any]:
    """The answers of an operation for ``response=``: what it gives, and the errors it can end in."""
    failing = (401, 403, 404, 409, 422, 500) if write else (401, 403, 404, 422, 500)
    return {200: good, **dict.fromkeys(failing, Failed)}


def public_answers(good: Any) -> dict[int, Any]:
    """The same where nobody has to sign in."""
    return {200: good, 404: Failed, 422: Failed, 500: Failed}
