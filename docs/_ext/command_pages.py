"""The command reference: one page made from the command line itself before the site is read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from muslin.cli import app as command_line

INTRODUCTION = """# Commands

Made from `muslin --help`. What people read goes to stderr, data go to stdout, `--json` prints the
result for a program. Exit codes: {ref}`exit-codes`. `muslin --debug COMMAND` shows tracebacks,
`muslin --install-completion` teaches the shell the names.
"""


def write_page(folder: Path) -> Path:
    """Write ``commands.md`` from the typer application; an unchanged page is left alone."""
    root = typer.main.get_command(command_line)
    sections = [_section(name, command) for name, command in _commands(root, "muslin")]
    text = "\n".join([INTRODUCTION, *sections])
    path = folder / "commands.md"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path


def _commands(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def _section(name: str, command: Any) -> str:
    lines = [f"## {name}", "", _plain(command.help or ""), ""]
    if command.epilog:
        lines += ["    " + command.epilog.removeprefix("Example: "), ""]
    rows = [_row(parameter) for parameter in command.params if not parameter.hidden]
    if rows:
        lines += ["| argument | | default |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        names = f"`{parameter.name.upper()}`"
        if parameter.nargs == -1:
            names += " ..."
    else:
        names = ", ".join(f"`{word}`" for word in (*parameter.opts, *parameter.secondary_opts))
    return f"| {names} | {_plain(parameter.help or '')} | {_default(parameter)} |"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "must be given"
    value = parameter.default
    if value is None or value in (False, "", (), []):
        return ""
    if value is True:
        return "yes"
    words = value if isinstance(value, (list, tuple)) else [value]
    return ", ".join(f"`{word}`" for word in words)


def _plain(text: str) -> str:
    """One line that a table takes."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "\\<").replace("*", "\\*")


def setup(app: Any) -> dict[str, Any]:
    """Join the build."""
    app.connect("builder-inited", lambda site: write_page(Path(site.srcdir)))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
