"""All packages at a glance; those that no page of the API describes are described there."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ROOTS = ("firmware_bridge", "wearables", "fitting", "muslin")
NAME = "packages.md"


def public_packages() -> Iterator[ModuleType]:
    """Packages that say by ``__all__`` what is public."""
    for root in ROOTS:
        package = importlib.import_module(root)
        for info in pkgutil.walk_packages(package.__path__, f"{root}."):
            if info.ispkg and "._" not in info.name:
                module = importlib.import_module(info.name)
                if hasattr(module, "__all__"):
                    yield module


def write_page(folder: Path) -> None:
    """Write ``packages.md`` beside the written pages; an unchanged page is left alone."""
    written = "".join(
        page.read_text(encoding="utf-8") for page in folder.glob("*.md") if page.name != NAME
    )
    described = set(re.findall(r"automodule:: ([\w.]+)", written))
    rows = ["# Packages", "", "| package | |", "|---|---|"]
    sections: list[str] = []
    for module in public_packages():
        first = (module.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        rows.append(f"| {{py:mod}}`{module.__name__}` | {first} |")
        if module.__name__ not in described:
            sections += ["", f"## {module.__name__}", "", "```{eval-rst}"]
            sections += [f".. automodule:: {module.__name__}", "   :members:", "```"]
    text = "\n".join([*rows, *sections]) + "\n"
    path = folder / NAME
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def list_the_rest(site: Any, name: str, source: list[str]) -> None:
    """Pages that the index does not list yet stand under "More", so that none is an orphan."""
    if name != "index":
        return
    listed = set(source[0].split())
    pages = sorted(page.stem for page in Path(site.srcdir).glob("*.md"))
    rest = [page for page in pages if page not in listed and page != "index"]
    if rest:
        source[0] += "\n".join(["", "```{toctree}", ":caption: More", ":hidden:", "", *rest, "```"])


def setup(app: Any) -> dict[str, Any]:
    """Join the build."""
    app.connect("builder-inited", lambda site: write_page(Path(site.srcdir) / "api"))
    app.connect("source-read", list_the_rest)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
