"""Words of record forms in the language of the page: groups, choices, labels, yes and no."""

from functools import cache
from pathlib import Path

import yaml
from django.utils.translation import get_language, gettext

from mingcha.apps.maintenance.forms import Field, Form


def group_word(key: str) -> str:
    return _word("groups", key) or "record"


def choice_word(key: str) -> str:
    """The word of a choice; a chemical symbol stands for itself."""
    return _word("choices", key)


def yes_no(value: bool) -> str:
    return gettext("是") if value else gettext("否")


def label(item: Field) -> str:
    return item.label_en if english() else item.label_zh


def title(form: Form) -> str:
    return form.title_en if english() else form.title_zh


def english() -> bool:
    return (get_language() or "").startswith("en")


def _word(kind: str, key: str) -> str:
    if english():
        return key.replace("_", " ")
    return _table()[kind].get(key, key)


@cache
def _table() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = yaml.safe_load(
        Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    )
    return table
