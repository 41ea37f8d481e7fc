"""Typst source and data to a PDF. Only the glyphs in use are embedded, so that a report stays small.

This room is ``store`` because gateway, command line, portals and workers may all call it and it needs no Django.
Texts go in as data (JSON), never as source: what a peer sent cannot become a command of the typesetter.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from mingcha.core.errors import LocalError

FONTS = Path(__file__).with_name("fonts")  # built by tools/frontend.py, not in the repository
REGULAR, BOLD = "NotoSansSC_400Regular.ttf", "NotoSansSC_700Bold.ttf"
DATA = "json(bytes(sys.inputs.data))"  # how the source reads its data


def font_files() -> list[Path]:
    """The fonts of our documents.

    Raises:
        LocalError: they were not built; the message says how.
    """
    found = [FONTS / name for name in (REGULAR, BOLD)]
    missing = [path.name for path in found if not path.is_file()]
    if missing:
        raise LocalError(
            f"the font of PDF documents is missing ({', '.join(missing)}); run `make setup`, which builds it. "
            "Markdown and JSON need no font."
        )
    return found


def pdf(source: str, data: Mapping[str, Any]) -> bytes:
    """The document of a Typst ``source`` that reads its data by ``DATA``.

    Raises:
        LocalError: fonts or typesetter are missing, or the source is wrong.
    """
    return _compiled(source, data, "pdf", None)[0]


def pictures(source: str, data: Mapping[str, Any], *, ppi: float = 100.0) -> list[bytes]:
    """The same document as PNG, one a page: for looking at it.

    Raises:
        LocalError: as ``pdf``.
    """
    return _compiled(source, data, "png", ppi)


def _compiled(
    source: str, data: Mapping[str, Any], form: Literal["pdf", "png"], ppi: float | None
) -> list[bytes]:
    try:
        import typst
    except ImportError:
        raise LocalError(
            "the typesetter is missing; run `make setup`, which installs the wheel typst"
        ) from None
    inputs = {"data": json.dumps(data, ensure_ascii=False)}
    try:
        made = typst.compile(source.encode(), font_paths=_fonts(), format=form, sys_inputs=inputs, ppi=ppi)
    except typst.TypstError as error:
        raise LocalError(f"the document could not be typeset: {error}") from None
    return _pages(made)


def _pages(made: object) -> list[bytes]:
    """A picture format of several pages gives a list."""
    return [one for one in (made if isinstance(made, list) else [made]) if isinstance(one, bytes)]


@cache
def _fonts() -> Any:
    import typst

    folder = str(font_files()[0].parent)
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
