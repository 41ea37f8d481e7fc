"""Tables as files: CSV (UTF-8 with BOM, so that spreadsheets read Chinese) and Excel."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

import xlsxwriter
from django.http import HttpResponse

from mingcha.core.clock import beijing
from mingcha.portals.shared.streams import disposition

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
Cell = str | float | int | datetime | None


def as_csv(name: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """A CSV file. Text that a spreadsheet would run as a formula is quoted with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    response = HttpResponse(out.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    return _named(response, f"{name}.csv")


def as_xlsx(
    name: str, head: Sequence[str], rows: Iterable[Sequence[Cell]], notes: Sequence[str] = ()
) -> HttpResponse:
    """An Excel file: head frozen, times as times, ``notes`` (source, limits, moment) on a second sheet."""
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "nan_inf_to_errors": True,
    }
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("数据")
        bold, clock = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_row(0, 0, head, bold)
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(head), 18)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(number, column, beijing(cell).replace(tzinfo=None), clock)
                elif cell is not None:
                    sheet.write(number, column, cell)
        about = book.add_worksheet("说明")
        about.set_column(0, 0, 100)
        about.write_column(0, 0, notes)
    return _named(HttpResponse(out.getvalue(), content_type=XLSX), f"{name}.xlsx")


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, datetime):
        return beijing(cell).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) and not _is_number(cell):
        return f"'{cell}"
    return cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _named(response: HttpResponse, name: str) -> HttpResponse:
    response["Content-Disposition"] = disposition(name)
    return response
