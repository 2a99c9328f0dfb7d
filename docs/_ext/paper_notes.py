"""Says while the site is built which papers are named without their title in the references."""

import re
from pathlib import Path
from typing import Any

from sphinx.util import logging

logger = logging.getLogger(__name__)
PAGES = ("methods.md", "signals.md")
_NAME = r"(?:van |De |Del )?[A-Z][\w-]+"
_NAMED = re.compile(rf"({_NAME})(?: & {_NAME})? ((?:19|20)\d\d)\b")


def papers_without_title(folder: Path) -> list[str]:
    """First author and year of papers that ``references.md`` does not list, page by page."""
    references = (folder / "references.md").read_text(encoding="utf-8").splitlines()
    found = []
    for page in PAGES:
        for author, year in _NAMED.findall((folder / page).read_text(encoding="utf-8")):
            if not any(author in line and f" {year}." in line for line in references):
                found.append(f"{page}: {author} {year}")
    return found


def _tell(site: Any) -> None:
    for one in papers_without_title(Path(site.srcdir)):
        logger.info("no title in references.md for %s", one)


def setup(app: Any) -> dict[str, Any]:
    """Join the build."""
    app.connect("builder-inited", _tell)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
