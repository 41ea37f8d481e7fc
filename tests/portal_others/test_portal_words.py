"""Every word a page may need is there: groups and choices of record forms, activities, flags, deeds."""

import re
from pathlib import Path

from django.utils.translation import override

import mingcha.apps
from mingcha.apps.maintenance.forms import form_list
from mingcha.apps.maintenance.values import activities, flag_words
from mingcha.portals.mobile.records.sheet import pages, sheets
from mingcha.portals.shared import form_words, tags

SYMBOL = re.compile(r"[A-Za-z0-9_-]{1,6}")  # SO2, NH3-N, pH: chemical symbols stand for themselves
RECORDS = [form for form in form_list() if form.field("visit_id")]
# Deeds on the timelines these pages show.
SHOWN = ("visit.", "record.", "task.")


def chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_every_group_and_choice_of_the_record_forms_has_a_chinese_word():
    with override("zh-hans"):
        for form in RECORDS:
            fields = [*form.fields, *(column for field in form.fields for column in field.columns)]
            assert all(chinese(form_words.group_word(name)) for name, _ in form.groups), form.id
            for choice in {choice for field in fields for choice in field.choices}:
                assert chinese(form_words.choice_word(choice)) or SYMBOL.fullmatch(choice), (form.id, choice)


def test_every_activity_and_flag_has_words_in_both_languages():
    for language in ("zh-hans", "en"):
        with override(language):
            for name, filter_ in ((name, tags.activity_name) for name in activities()):
                assert chinese(filter_(name)) == (language == "zh-hans"), name
            for name in flag_words():
                assert chinese(tags.flag_name(name)) == (language == "zh-hans"), name


def test_every_audited_deed_of_a_visit_has_words():
    [folder] = mingcha.apps.__path__
    text = "".join(path.read_text(encoding="utf-8") for path in Path(folder).rglob("*.py"))
    deeds = {deed for deed in re.findall(r'action="([a-z_]+\.[a-z_]+)"', text) if deed.startswith(SHOWN)}
    assert len(deeds) > 10
    with override("zh-hans"):
        assert [deed for deed in deeds if not chinese(tags.action_name(deed))] == []


def test_every_record_form_is_laid_out_with_each_field_once():
    for form in RECORDS:
        laid = [
            cell.name for sheet in sheets(form, {}, {}, []) for _, cells in sheet.sections for cell in cells
        ]
        assert laid == [field.key for page in pages(form) for _, fields in page for field in fields]
        assert sorted(laid) == sorted(field.key for field in form.fields), form.id
