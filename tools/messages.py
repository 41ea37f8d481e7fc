"""English texts of the pages: find the Chinese msgids in use, list those without a text, compile .po to .mo.

    python tools/messages.py            compile; fails when a msgid in use has no English text
    python tools/messages.py --missing  print them as .po entries, to be filled in

Texts lie in ``site/locale`` and ``portals/locale``. Babel compiles; no gettext on the machine is needed.
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "mingcha"
SOURCES = ("site", "portals", "apps")
CATALOGUES = tuple(
    PACKAGE / name / "locale" / "en" / "LC_MESSAGES" / "django.po" for name in ("site", "portals")
)
CALLS = {"gettext", "gettext_lazy", "gettext_noop", "_", "_now", "ngettext", "pgettext", "pgettext_lazy"}
TRANSLATE = re.compile(r"""{%\s*translate\s+(?:"([^"]*)"|'([^']*)')""")
BLOCK = re.compile(r"{%\s*blocktranslate\b(.*?)%}(.*?){%\s*endblocktranslate\s*%}", re.DOTALL)
PLURAL = re.compile(r"{%\s*plural\s*%}")
VARIABLE = re.compile(r"{{\s*(\w+)\s*}}")
Key = tuple[str, str]  # context, msgid


def in_templates(path: Path) -> Iterator[Key]:
    text = path.read_text(encoding="utf-8")
    for double, single in TRANSLATE.findall(text):
        yield "", double or single
    for _options, body in BLOCK.findall(text):
        yield "", VARIABLE.sub(r"%(\1)s", PLURAL.split(body)[0])


def in_python(path: Path) -> Iterator[Key]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if name in CALLS and texts:
            yield (texts[0], texts[1]) if name.startswith("pgettext") and len(texts) > 1 else ("", texts[0])


def used() -> dict[Key, str]:
    """Every msgid in use with the first file that uses it; texts without a Chinese character need none."""
    found: dict[Key, str] = {}
    for source in SOURCES:
        for path in sorted((PACKAGE / source).rglob("*")):
            reader = {".html": in_templates, ".py": in_python}.get(path.suffix)
            if reader is None or "node_modules" in path.parts or "migrations" in path.parts:
                continue
            for key in reader(path):
                if any("\u3000" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef" for char in key[1]):
                    found.setdefault(key, str(path.relative_to(PACKAGE)))
    return found


def translated() -> dict[Key, str]:
    """All English texts; what several catalogues hold is read once."""
    texts: dict[Key, str] = {}
    for path in CATALOGUES:
        if path.exists():
            with path.open("rb") as file:
                for message in read_po(file, locale="en"):
                    ident = message.id if isinstance(message.id, str) else message.id[0]
                    text = message.string if isinstance(message.string, str) else message.string[0]
                    if ident and text and not message.fuzzy:
                        texts.setdefault((message.context or "", ident), text)
    return texts


def missing() -> dict[Key, str]:
    """Msgids in use without an English text."""
    texts = translated()
    return {key: place for key, place in used().items() if key not in texts}


def compile_all() -> None:
    """Every catalogue, English or our own wording of Django's Chinese sentences."""
    for path in sorted(PACKAGE.glob("*/locale/*/LC_MESSAGES/django.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.parts[-3])
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--missing", action="store_true", help="print msgids without a text as .po entries")
    options = parser.parse_args()
    absent = missing()
    if options.missing:
        for (context, text), place in absent.items():
            shown = f'msgctxt "{context}"\n' if context else ""
            print(f'#: {place}\n{shown}msgid "{text}"\nmsgstr ""\n')
        return
    compile_all()
    if absent:
        listed = "\n".join(f"  {place}: {text}" for (_, text), place in absent.items())
        sys.exit(f"messages: {len(absent)} texts have no English; add them to a django.po:\n{listed}")
    print(f"messages: {len(used())} texts, all in English")


if __name__ == "__main__":
    main()
