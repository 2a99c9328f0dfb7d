"""What the browser is given: a fixed table of files, one page, and the policy that binds them.

No file name is ever made from an address: the table is built when the studio starts.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from muslin.errors import InputError

STATIC = Path(__file__).parent / "static"
VENDOR = STATIC / "vendor"
IMPORTS = {
    "three": "/static/vendor/three.module.js",
    "three/addons/controls/OrbitControls.js": "/static/vendor/OrbitControls.js",
    "uplot": "/static/vendor/uPlot.esm.js",
}
VENDORED = (
    "three.module.js", "three.core.js", "OrbitControls.js", "uPlot.esm.js", "uPlot.min.css",
)  # fmt: skip
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The one page and what it may load.

    Attributes:
        html: Its text.
        csp: Policy under which it works; the import map is let in by its hash.
        files: Content and type of every file, by address.
    """

    html: str
    csp: str
    files: dict[str, tuple[bytes, str]]


def missing_vendor() -> list[str]:
    """Files of three.js and uPlot that are not there."""
    return [name for name in VENDORED if not (VENDOR / name).is_file()]


def load_page(*, needs_vendor: bool = True) -> Page:
    """Read everything that is served.

    Args:
        needs_vendor: Whether to refuse without the browser libraries; nothing but the page itself
            needs them.

    Raises:
        InputError: If the browser libraries were not fetched.
    """
    missing = missing_vendor()
    if missing and needs_vendor:
        raise InputError(
            f"the studio's browser libraries are missing ({', '.join(missing)}): "
            "run `make web` in the checkout (it needs npm, Debian: apt-get install npm)"
        )
    import_map = json.dumps({"imports": IMPORTS}, separators=(",", ":"))
    digest = base64.b64encode(hashlib.sha256(import_map.encode()).digest()).decode()
    html = (STATIC / "index.html").read_text(encoding="utf-8").replace("{{import_map}}", import_map)
    files = {
        f"/static/{path.relative_to(STATIC).as_posix()}": (path.read_bytes(), _TYPES[path.suffix])
        for path in sorted(STATIC.rglob("*"))
        if path.is_file() and path.suffix in _TYPES
    }
    files["/favicon.ico"] = files["/static/icon.svg"]
    return Page(html=html, csp=_csp(digest), files=files)


def _csp(digest: str) -> str:
    return (
        f"default-src 'none'; script-src 'self' 'sha256-{digest}'; style-src 'self'; "
        "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    )


# A report is one file with its own styles and pictures; nothing in it may run or call out.
REPORT_CSP = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)
