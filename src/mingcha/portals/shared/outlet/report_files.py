"""A report as an Excel file and as a PDF, A4 landscape, to be signed and filed."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xlsxwriter
from django.utils.translation import get_language, gettext

from mingcha.portals.shared.outlet.report_sheet import STATUS, Box, Group, Line, Part, Sheet
from mingcha.store.documents import pdf, pictures

TEMPLATE = Path(__file__).with_name("report.typ")
COLUMNS_A_TABLE = 16  # what A4 landscape holds in a size one can read; more factors are more tables
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "nan_inf_to_errors": True,
}


def as_pdf(found: Sheet, made: str, digest: str) -> bytes:
    """Raises LocalError where font or typesetter are missing."""
    return pdf(TEMPLATE.read_text(encoding="utf-8"), data_of(found, made, digest))


def as_pictures(found: Sheet, made: str, digest: str, *, ppi: float = 100.0) -> list[bytes]:
    """The pages of the PDF as PNG: for looking at it."""
    return pictures(TEMPLATE.read_text(encoding="utf-8"), data_of(found, made, digest), ppi=ppi)


def data_of(found: Sheet, made: str, digest: str) -> dict[str, Any]:
    """What the template reads. All texts go in as data, never as source."""
    return {
        "title": found.title, "lang": "en" if get_language() == "en" else "zh",
        "head": [list(pair) for pair in found.head], "first": found.first,
        "tables": [_table(found, chunk) for chunk in chunks(found.groups)],
        "notes": list(found.notes), "made": made, "digest": digest,
        "digest_label": gettext("内容 SHA-256"), "notes_label": gettext("说明"),
    }  # fmt: skip


def chunks(groups: tuple[Group, ...]) -> list[tuple[int, tuple[Group, ...]]]:
    """Groups that fit beside each other, with the place of their first part; a factor is never cut."""
    out: list[tuple[int, tuple[Group, ...]]] = []
    place = 0
    for group in groups:
        if out and sum(len(one.parts) for one in out[-1][1]) + len(group.parts) <= COLUMNS_A_TABLE:
            out[-1] = (out[-1][0], (*out[-1][1], group))
        else:
            out.append((place, (group,)))
        place += len(group.parts)
    return out


def _table(found: Sheet, chunk: tuple[int, tuple[Group, ...]]) -> dict[str, Any]:
    first, groups = chunk
    parts = [part for group in groups for part in group.parts]
    cut = slice(first, first + len(parts))
    return {
        "groups": [{"name": group.name, "columns": len(group.parts)} for group in groups],
        "parts": [{"head": part.head, "unit": part.unit, "wide": part.name == STATUS} for part in parts],
        "lines": [_plain(line, cut) for line in found.lines],
        "foot": [_plain(line, cut) for line in found.foot],
    }


def _plain(line: Line, cut: slice) -> dict[str, Any]:
    boxes = [{"text": box.text, "over": box.over, "missing": box.missing} for box in line.boxes[cut]]
    return {"name": line.name, "boxes": boxes}


# --- Excel ----------------------------------------------------------------------------------------------


def as_xlsx(found: Sheet, made: str, digest: str) -> bytes:
    """One sheet: head, table with numbers in full digits and rounded display, foot. Printed on A4 landscape."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        _Writer(book, found).write(made, digest)
    return out.getvalue()


class _Writer:
    """Writes one sheet from the top; ``row`` is the next free one."""

    def __init__(self, book: Any, found: Sheet) -> None:
        self.book, self.found, self.row = book, found, 0
        self.sheet = book.add_worksheet(found.title[:31])
        self.formats: dict[tuple[Any, ...], Any] = {}

    def write(self, made: str, digest: str) -> None:
        self._set_up(made)
        self._head()
        top = self.row
        self._columns()
        self.sheet.freeze_panes(self.row, 1)
        self.sheet.repeat_rows(top, self.row - 1)
        for line in self.found.lines:
            self._line(line, foot=False)
        for line in self.found.foot:
            self._line(line, foot=True)
        for text in (*self.found.notes, made, f"{gettext('内容 SHA-256')} {digest}"):
            self.sheet.write_string(self.row, 0, text)
            self.row += 1

    def _set_up(self, made: str) -> None:
        sheet = self.sheet
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L&8{made.replace('&', '&&')}&R&8&P / &N")
        sheet.set_column(0, 0, 11)
        for place, part in enumerate(self.found.parts, start=1):
            sheet.set_column(place, place, 15 if part.name == STATUS else 10)

    def _head(self) -> None:
        self.sheet.write_string(0, 0, self.found.title, self._format(bold=True, font_size=14))
        for row, (label, text) in enumerate(self.found.head, start=1):
            self.sheet.write_string(row, 0, label, self._format(bold=True))
            self.sheet.write_string(row, 1, text)
        self.row = len(self.found.head) + 2

    def _columns(self) -> None:
        """Two rows: factors over their columns with units."""
        looks = {"bold": True, "border": 1, "align": "center", "valign": "vcenter", "text_wrap": True, "bg_color": "#EEF1F4"}  # fmt: skip
        look = self._format(**looks)
        self.sheet.merge_range(self.row, 0, self.row + 1, 0, self.found.first, look)
        place = 1
        for group in self.found.groups:
            last = place + len(group.parts) - 1
            if last > place:
                self.sheet.merge_range(self.row, place, self.row, last, group.name, look)
            else:
                self.sheet.write_string(self.row, place, group.name, look)
            for column, part in enumerate(group.parts, start=place):
                self.sheet.write_string(self.row + 1, column, f"{part.head} {part.unit}".strip(), look)
            place = last + 1
        self.row += 2

    def _line(self, line: Line, *, foot: bool) -> None:
        self.sheet.write_string(self.row, 0, line.name, self._format(border=1, bold=foot))
        for column, (part, box) in enumerate(zip(self.found.parts, line.boxes, strict=True), start=1):
            look = self._format(**dict(_looks(part, box, foot)))
            if box.number is None:
                self.sheet.write_string(self.row, column, box.text, look)
            else:
                self.sheet.write_number(self.row, column, box.number, look)
        self.row += 1

    def _format(self, **looks: Any) -> Any:
        key = tuple(sorted(looks.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(looks)
        return self.formats[key]


def _looks(part: Part, box: Box, foot: bool) -> Iterator[tuple[str, Any]]:
    yield "border", 1
    yield "align", "left" if part.name == STATUS else "right"
    if foot or box.over:
        yield "bold", True
    if box.over:
        yield "font_color", "#B42318"
    elif box.missing:
        yield "font_color", "#5F6B7A"
    if box.number is not None:
        yield "num_format", _number_format(box)


def _number_format(box: Box) -> str:
    """As many digits as the text shows."""
    digits = box.text.removesuffix(" ▲").partition(".")[2]
    shape = "#,##0" if "," in box.text else "0"
    shape += "." + "0" * len(digits) if digits else ""
    return f'{shape}" ▲"' if box.over else shape
