"""Write the generated pages of ``docs/`` from the code; ``--check`` fails when one is out of date."""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "mingcha"
SKIP = {"__pycache__", "migrations", "node_modules", "dist", "static", "static_src", "locale", "templates"}


def first_sentence(path: Path) -> str:
    """The first line of a module's docstring."""
    match = re.match(r'\s*(?:r)?"""(.+?)(?:\n|""")', path.read_text(encoding="utf-8"))
    return match[1].strip() if match else ""


def tree(folder: Path, depth: int, level: int = 0) -> Iterator[str]:
    """One line a package, with what it is for."""
    for child in sorted(p for p in folder.iterdir() if p.is_dir() and p.name not in SKIP):
        face = child / "__init__.py"
        if face.exists():
            yield f"{'  ' * level}{child.name + '/':<{26 - 2 * level}} {first_sentence(face)}".rstrip()
            if level + 1 < depth:
                yield from tree(child, depth, level + 1)


def tables() -> Iterator[tuple[str, str]]:
    """Every transition table of the project: its name and its diagram."""
    from django.apps import apps

    from mingcha.core.moves import diagram

    for model in apps.get_models():
        table = getattr(model, "NEXT", None)
        if model.__module__.startswith("mingcha.") and table:
            yield f"{model._meta.app_label}.{model.__name__}", diagram(table)  # noqa: SLF001 - Django's public name
    exchanges = import_module("mingcha.protocol.hj212.exchanges")
    for name in ("HOST_NEXT", "LOGGER_NEXT", "SERVING_NEXT", "REGISTER_NEXT"):
        yield f"protocol.hj212.exchanges.{name}", diagram(getattr(exchanges, name))


def structure_page() -> str:
    lines = ["# Structure", "", "Generated from the code by `tools/docs.py`.", "", "## The tree", "", "```"]
    lines += tree(SOURCE, depth=3)
    lines += ["```", "", "## State tables", ""]
    for name, chart in tables():
        lines += [f"### {name}", "", "```mermaid", chart, "```", ""]
    return "\n".join(lines)


def commands_page() -> str:
    """The help of every command."""
    import click

    from mingcha.cli.main import COMMANDS, cli

    lines = ["# Command line", "", "Generated from the commands' own help by `tools/docs.py`.", ""]
    context = click.Context(cli, info_name="mingcha", max_content_width=100)

    def add(command: click.Command, parent: click.Context, name: str) -> None:
        inner = click.Context(command, info_name=name, parent=parent, max_content_width=100)
        lines.extend([f"## {inner.command_path}", "", "```", command.get_help(inner), "```", ""])
        if isinstance(command, click.Group):
            for sub in command.list_commands(inner):
                found = command.get_command(inner, sub)
                assert found is not None
                add(found, inner, sub)

    for name in COMMANDS:
        found = cli.get_command(context, name)
        assert found is not None
        add(found, context, name)
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """File name → text of every generated page."""
    from mingcha.apps.devices import matrix
    from mingcha.protocol.hj212 import deviations
    from mingcha.site.environment import as_markdown

    return {
        "settings.md": as_markdown(),
        "structure.md": structure_page(),
        "commands.md": commands_page(),
        "deviations.md": deviations.as_markdown(),
        "commands_and_roles.md": matrix.as_markdown(),
    }


def main() -> None:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is out of date")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(MINGCHA_DATA=folder, DJANGO_SETTINGS_MODULE="mingcha.site.settings", COLUMNS="100")
        import django

        django.setup()
        made = {
            name: re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).rstrip() + "\n"
            for name, text in pages().items()
        }
    stale = []
    for name, text in made.items():
        path = ROOT / "docs" / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    if stale and check:
        sys.exit(f"out of date: docs/{', docs/'.join(stale)}. Run: .venv/bin/python tools/docs.py")
    print(f"{'written' if stale else 'up to date'}: {', '.join(stale or made)}")


if __name__ == "__main__":
    main()
