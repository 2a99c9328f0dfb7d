"""The gallery: one page an example, with what it prints and the pictures that it makes.

Each example runs once in a folder below ``_build/gallery``; it runs again when its text has
changed. With ``-D examples_run=0`` nothing runs, and pages show the text alone.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
INTRODUCTION = """# Gallery

Every script of `examples/` runs as it stands, in seconds, from a checkout or an installed package:

    python examples/01_record_and_read.py

"""
TIMEOUT_S = 300
_PICTURES = ("*.png", "*.svg")
_SHORT_FOR = {"ecg": "ECG", "hrv": "HRV", "udp": "UDP", "csv": "CSV"}


def write_gallery(folder: Path, cache: Path, *, run: bool) -> None:
    """Write ``gallery/*.md``; raises RuntimeError with its output when an example fails."""
    gallery = folder / "gallery"
    gallery.mkdir(exist_ok=True)
    rows, names = [], []
    for script in sorted(EXAMPLES.glob("[0-9]*.py")):
        results = cache / script.stem
        if run:
            _run_once(script, results)
        _keep(gallery / f"{script.stem}.md", _page(script, results, gallery))
        sentence = _docstring(script).split("\n")[0]
        rows.append(f"| {_thumbnail(script, gallery)} | {{doc}}`{script.stem}` | {sentence} |")
        names.append(script.stem)
    table = "\n".join(["| picture | example | what it shows |", "|---|---|---|", *rows])
    tree = "\n".join(["```{toctree}", ":hidden:", "", *names, "```"])
    _keep(gallery / "index.md", f"{INTRODUCTION}{table}\n\n{tree}\n")
    for page in gallery.glob("[0-9]*.md"):
        if page.stem not in names:
            page.unlink()


def _docstring(script: Path) -> str:
    text = script.read_text(encoding="utf-8")
    return text.split('"""')[1].strip()


def _run_once(script: Path, results: Path) -> None:
    stamp = results / "stamp"
    digest = hashlib.sha256(script.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
        return
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, str(script)], cwd=results, check=False, text=True, timeout=TIMEOUT_S,
        capture_output=True, env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{script.name} ended with {done.returncode}:\n{done.stderr}")
    (results / "output.txt").write_text(done.stdout, encoding="utf-8")
    stamp.write_text(digest, encoding="utf-8")


def _page(script: Path, results: Path, gallery: Path) -> str:
    first, _, rest = _docstring(script).partition("\n")
    parts = [f"# {_title(script)}", first, rest.strip()]
    for picture in sorted(path for kind in _PICTURES for path in results.glob(kind)):
        target = gallery / f"{script.stem}-{picture.name}"
        shutil.copyfile(picture, target)
        parts.append(f"![Picture of {script.name}: {picture.stem}]({target.name})")
    output = results / "output.txt"
    if output.is_file():
        said = output.read_text(encoding="utf-8").rstrip()
        parts += ["It prints:", f"```text\n{said}\n```"]
    parts.append(f"```{{literalinclude}} ../../examples/{script.name}\n:language: python\n```")
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(script: Path) -> str:
    words = [_SHORT_FOR.get(word, word) for word in script.stem[3:].split("_")]
    return " ".join([words[0][0].upper() + words[0][1:], *words[1:]])


def _thumbnail(script: Path, gallery: Path) -> str:
    pictures = sorted(path for kind in _PICTURES for path in gallery.glob(f"{script.stem}-{kind}"))
    if not pictures:
        return ""
    return f"![]({pictures[0].name})"


def _keep(path: Path, text: str) -> None:
    """Write a page unless it stands there already, so that an unchanged one is not read anew."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, Any]:
    """Join the build."""
    app.add_config_value("examples_run", True, "env", types=(bool, int, str))
    app.connect("builder-inited", _build)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _build(site: Any) -> None:
    folder = Path(site.srcdir)
    run = str(site.config.examples_run) not in ("0", "False")
    write_gallery(folder, folder / "_build" / "gallery", run=run)
