"""Filters and tags every template may use; listed with examples in ``site/README.md``."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.forms import BaseForm, BoundField, CheckboxSelectMultiple
from django.http import HttpRequest
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from mingcha.core.clock import beijing
from mingcha.core.clock import now as clock_now
from mingcha.portals.shared import badges, words
from mingcha.site import assets

register = template.Library()


def _now(context: Context) -> datetime:
    moment = context.get("now")
    return moment if isinstance(moment, datetime) else clock_now()


# Built files


@register.simple_tag
def asset(name: str) -> str:
    return assets.address(name)


@register.simple_tag
def script(name: str) -> SafeString:
    return format_html('<script src="{}" defer></script>', assets.address(name))


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; without ``label`` hidden from readers, for a word stands beside it."""
    if label:
        return format_html(
            '<svg class="m-icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>',
            label, assets.address("icons.svg"), name,
        )  # fmt: skip
    return format_html(
        '<svg class="m-icon" aria-hidden="true"><use href="{}#{}"/></svg>', assets.address("icons.svg"), name
    )


# Badges and chips


@register.simple_tag
def badge(kind: str, state: object, suffix: str = "") -> SafeString:
    """Shape and word of a state. A flag no table knows is shown as received."""
    code = str(getattr(state, "value", state))
    if kind in ("flag", "frame") and code not in badges.BADGES[kind]:
        found = badges.Badge("waiting", "none", code or "—")
    else:
        found = badges.badge(kind, code)
    return _badge(found.shape, found.tone, gettext(found.word) + suffix)


def _badge(shape: str, tone: str, word: str) -> SafeString:
    return format_html(
        '<span class="m-badge m-tone-{}"><svg class="m-shape" aria-hidden="true"><use href="{}#shape-{}"/></svg>{}</span>',
        tone, assets.address("icons.svg"), shape, word,
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def deadline(
    context: Context,
    due_at: datetime,
    met_at: datetime | None = None,
    provisional: bool = False,
    counted_days: Sequence[str] = (),
) -> SafeString:
    chip = words.deadline(due_at, _now(context), met=met_at, counted_days=counted_days)
    tail = gettext("（暂定）") if provisional else ""
    return _badge(chip.shape, chip.tone, f"{chip.text} · {chip.at}{tail}")


@register.inclusion_tag("components/evidence.html")
def evidence(
    kind: str, ident: object, digest: str = "", state: str = "unverified", url: str = ""
) -> dict[str, Any]:
    return {
        "kind": kind,
        "ident": str(ident),
        "digest": digest,
        "short": digest[:8],
        "state": state,
        "url": url,
    }


# Times and numbers

TIME_FORMS: dict[str, Callable[[datetime], str]] = {
    "table": words.table_time,
    "seconds": words.table_time_seconds,
    "sentence": words.sentence_time,
    "hour": words.hour_text,
}


@register.simple_tag
def when(moment: datetime | None, form: str = "table") -> SafeString | str:
    if moment is None:
        return "—"
    text = TIME_FORMS[form](moment)
    return format_html('<time datetime="{}">{}</time>', beijing(moment).isoformat(), text)


@register.simple_tag(takes_context=True)
def ago(context: Context, moment: datetime | None) -> SafeString | str:
    if moment is None:
        return "—"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        beijing(moment).isoformat(), words.table_time(moment), words.ago_text(moment, _now(context)),
    )  # fmt: skip


@register.simple_tag
def span(start: datetime, end: datetime) -> str:
    return words.span_text(start, end)


@register.filter
def factor_name(code: str) -> str:
    return words.factor_name(code)


@register.filter
def factor_unit(code: str) -> str:
    return words.factor_unit(code)


@register.filter
def unit(text: str) -> str:
    """A unit as pages write it: ``mg/m³``."""
    return words.unit_text(text)


@register.filter
def value_name(name: str) -> str:
    return words.value_name(name)


@register.filter
def plain(value: object) -> str:
    """A value of a receipt: 是 or 否, else its text."""
    if isinstance(value, bool):
        return gettext("是") if value else gettext("否")
    return str(value)


@register.filter
def digits(value: object, factor: str) -> str:
    """A number with the digits of its factor; what is no number stays as it is."""
    number = _decimal(value)
    return words.number_text(number, words.factor_digits(factor)) if number is not None else str(value)


@register.simple_tag
def reading(
    value: object,
    factor: str = "",
    unit: str | None = None,
    code: str = "",
    limit: object = None,
    received: str = "",
) -> SafeString:
    """A number with its unit, or the word for its silence: ``缺``, ``无效 C``, ``停``, ``未判``."""
    number = _decimal(value)
    if number is None:
        return format_html('<span class="m-silence">{}</span>', words.silence(code))
    bound = _decimal(limit)
    text = words.number_text(number, words.factor_digits(factor), bound)
    over = bound is not None and number > bound
    shown = words.factor_unit(factor) if unit is None else words.unit_text(unit)
    return format_html(
        '<span class="m-reading{}" title="{}">{}{}{}</span>',
        " m-over" if over else "", received or str(value), text, " ▲" if over else "",
        format_html('<span class="m-unit">\N{NO-BREAK SPACE}{}</span>', shown) if shown else "",
    )  # fmt: skip


def _decimal(value: object) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(repr(value) if isinstance(value, float) else str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


# Language


@register.simple_tag
def text_zh_en(source: Any, name: str) -> str:
    """``<name>_en`` on an English page where there is one, else ``<name>_zh``."""
    read = source.get if isinstance(source, Mapping) else lambda key: getattr(source, key, "")
    chinese = read(f"{name}_zh") or ""
    return str(read(f"{name}_en") or chinese) if get_language() == "en" else str(chinese)


# Forms


@register.inclusion_tag("components/field.html")
def form_field(field: BoundField, unit: str = "", source: str = "", label: str = "") -> dict[str, Any]:
    """Label, control, help and error. ``source``: where a prefilled value comes from."""
    widget = field.field.widget
    kind = getattr(widget, "input_type", "") or type(widget).__name__.lower()
    if isinstance(widget, CheckboxSelectMultiple):
        kind = "checkboxselectmultiple"  # several boxes under one legend
    wanted = {"select": "form-select", "checkbox": "form-check-input", "radio": "form-check-input"}.get(
        kind, "form-control"
    )
    described = [f"{field.auto_id}-help"] if field.help_text else []
    described += [f"{field.auto_id}-error"] if field.errors else []
    attributes: dict[str, str | bool] = {
        "class": f"{wanted} {'is-invalid' if field.errors else ''} {widget.attrs.get('class', '')}".strip()
    }
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if field.errors:
        attributes["aria-invalid"] = "true"
    group = kind in ("radio", "radioselect", "checkboxselectmultiple")
    control = field.as_widget() if group else field.as_widget(attrs=attributes)
    return {"field": field, "control": control, "unit": unit, "source": source, "label": label or field.label,
            "group": group, "checkbox": kind == "checkbox" and not group}  # fmt: skip


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    fields = [(form[name], sentences) for name, sentences in form.errors.items() if name in form.fields]
    whole = form.non_field_errors()
    return {"fields": fields, "whole": whole, "count": sum(len(s) for _, s in fields) + len(whole)}


# Parts of pages


@register.inclusion_tag("components/receipt.html")
def receipt(body: Mapping[str, Any] | None, ident: str = "") -> dict[str, Any]:
    """为什么？ The whole receipt of a fact: ``body`` holds a verdict and its receipt, a clue or a late duty.

    The plain JSON of a judgement (design §7) does as well.
    """
    given = dict(body or {})
    verdict = given.get("verdict") or ({} if {"clue", "duty"} & set(given) else given)
    paper = given.get("receipt") or given.get("clue") or given.get("duty") or verdict
    parameters = paper.get("parameters") or verdict.get("parameters") or {}
    return {
        "verdict": verdict,
        "paper": paper,
        "source": f"{paper.get('rule') or paper.get('detector') or paper.get('kind') or ''}",
        "parameters": {
            name: row if isinstance(row, Mapping) else {"value": row} for name, row in parameters.items()
        },
        "inputs": paper.get("inputs") or {},
        "stats": paper.get("stats") or {},
        "steps": paper.get("steps") or (),
        "excluded": paper.get("excluded") or (),
        "ident": ident,
    }


@register.inclusion_tag("components/empty.html")
def empty(title: str, text: str = "", action_url: str = "", action_label: str = "") -> dict[str, Any]:
    return {"title": title, "text": text, "action_url": action_url, "action_label": action_label}


@register.inclusion_tag("components/tabs.html")
def tabs(items: Sequence[Sequence[Any]], current: str = "", label: str = "") -> dict[str, Any]:
    """``items``: (address, label, count or None, whether current); or give ``current`` as an address."""
    rows = [
        (
            item[0],
            item[1],
            item[2] if len(item) > 2 else None,
            item[3] if len(item) > 3 else item[0] == current,
        )
        for item in items
    ]
    return {"items": rows, "label": label}


@register.simple_tag
def crumb(label: object, view: str = "", *args: object) -> SafeString:
    if not view:
        return format_html('<li class="breadcrumb-item active" aria-current="page">{}</li>', label)
    address = view if view.startswith("/") else reverse(view, args=args)
    return format_html('<li class="breadcrumb-item"><a href="{}">{}</a></li>', address, label)


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """The present query string with ``changes``; an empty value takes the name out. Without "?" when empty."""
    request: HttpRequest = context["request"]
    values = request.GET.copy()
    for name, value in changes.items():
        if value in ("", None):
            values.pop(name, None)
        else:
            values[name] = str(value)
    text = values.urlencode()
    return f"?{text}" if text else "."


@register.inclusion_tag("components/paging.html", takes_context=True)
def paging(context: Context, page: Any) -> dict[str, Any]:
    return {"page": page, "request": context["request"]}


@register.inclusion_tag("components/filters.html", takes_context=True)
def filters(context: Context, form: BaseForm, export: str = "") -> dict[str, Any]:
    """One row of fields and the chips of what is set; ``export``: address of the whole filter as a file."""
    request: HttpRequest = context["request"]
    chips = []
    for name, field in form.fields.items():
        value = request.GET.get(name, "")
        if value:
            choices = {str(key): text for key, text in getattr(field, "choices", ())}
            chips.append(
                (field.label or name, choices.get(value, value), query(context, **{name: "", "page": ""}))
            )
    return {"form": form, "chips": chips, "request": request, "export": export}


@register.filter
def as_json(value: object) -> str:
    """Readable JSON, for what has no nicer form."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


@register.filter
def lookup(mapping: Mapping[Any, Any], key: Any) -> Any:
    return mapping.get(key) if mapping else None
