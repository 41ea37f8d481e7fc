"""Words of states and deeds that are data of the apps, as filters (built in; no ``{% load %}``)."""

from functools import cache
from pathlib import Path

import yaml
from django import template

from mingcha.apps.maintenance.values import activities, flag_words
from mingcha.apps.marking.values import items
from mingcha.portals.shared import words
from mingcha.portals.shared.form_words import english

register = template.Library()


@register.filter
def activity_name(key: str) -> str:
    """The kind of a visit: 日常巡检, 校准 …"""
    known = activities().get(key)
    if known is None:
        return key
    return known.en if english() else known.zh


@register.filter
def flag_name(key: str) -> str:
    """A flag of a visit in words."""
    return flag_words().get(key, {}).get("en" if english() else "zh", key)


@register.filter
def principle_name(principle: str) -> str:
    """How a gas is taken to the analyser: 完全抽取式 …"""
    return words.principle_name(principle)


@register.filter
def mark_item_name(key: str) -> str:
    """What a mark says: 停运, 校准 …"""
    return items().get(key, {}).get("en" if english() else "zh", key)


@register.filter
def action_name(action: str) -> str:
    """An audited deed in words; one no table knows reads as its name."""
    return _actions().get(action, {}).get("en" if english() else "zh", action)


@cache
def _actions() -> dict[str, dict[str, str]]:
    path = Path(__file__).with_name("action_words.yaml")
    table: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return table
