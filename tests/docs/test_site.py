"""The documentation site: it builds without a warning, needs no network, and says what is true."""

import importlib
import importlib.util
import inspect
import pkgutil
import re
import shlex
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer.main

import firmware_bridge
import fitting
import muslin
import wearables
from muslin.cli import app
from wearables.sessions import layout

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
WRITTEN = [page for page in DOCS.glob("*.md") if page.name != "commands.md"]  # that one is made
PAGES = sorted([ROOT / "README.md", *WRITTEN, *DOCS.glob("start/*.md")])
# Elements that make a browser fetch something by itself.
FETCHED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
NO_FETCH = {"canonical", "next", "prev", "index", "search", "author", "copyright"}


class Resources(HTMLParser):
    """What a page would fetch."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag in FETCHED and values.get("rel") not in NO_FETCH:
            self.found.append(values.get(FETCHED[tag]) or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory, missing):
    if importlib.util.find_spec("furo") is None:
        missing("the group docs is not installed")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going",
         "-t", "quick", "-D", "examples_run=0", "-D", "nb_execution_mode=off",
         "-d", str(folder / "doctrees"), str(DOCS), str(folder / "html")],
        check=False, capture_output=True, text=True, timeout=300, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return folder / "html"


@pytest.mark.slow
def test_pages_fetch_nothing_from_outside(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        resources = Resources()
        resources.feed(page.read_text(encoding="utf-8"))
        outside = [one for one in resources.found if "//" in one]
        assert not outside, f"{page.name} fetches {outside}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", sheet.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_every_public_name_has_its_place_in_the_api(site):
    text = "".join(page.read_text(encoding="utf-8") for page in (site / "api").glob("*.html"))
    anchors = set(re.findall(r'id="([\w.]+)"', text))
    for module in public_modules():
        for name in module.__all__:
            if is_called(getattr(module, name)):
                assert any(anchor.endswith(f".{name}") for anchor in anchors), (module, name)


@pytest.mark.slow
def test_every_command_and_example_has_its_place(site):
    reference = (site / "commands.html").read_text(encoding="utf-8")
    for words in commands():
        assert f"muslin {' '.join(words)}<" in reference
    gallery = (site / "gallery" / "index.html").read_text(encoding="utf-8")
    for path in (ROOT / "examples").glob("[0-9]*.py"):
        assert path.stem in gallery


def is_called(value):
    """Whether it is a class or a function; constants and names of types are described in place."""
    return inspect.isclass(value) or inspect.isroutine(value)


def public_modules():
    found = []
    for package in (firmware_bridge, wearables, fitting, muslin):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if info.ispkg and "._" not in info.name:
                module = importlib.import_module(info.name)
                if hasattr(module, "__all__"):
                    found.append(module)
    return found


def test_every_public_name_is_documented():
    modules = public_modules()
    assert len(modules) > 20
    for module in modules:
        assert module.__doc__, module
        for name in module.__all__:
            value = getattr(module, name)
            if is_called(value):
                assert (value.__doc__ or "").strip(), f"{module.__name__}.{name}"


def commands():
    def walk(group, words):
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(command, (*words, name))
            else:
                yield (*words, name), command

    return dict(walk(typer.main.get_command(app), ()))


def lines_of_commands(text):
    """Indented lines that start with `muslin`, comments taken off."""
    for line in text.splitlines():
        found = re.match(r" {4,}(?:\$ )?muslin (.+)", line)
        if found:
            for part in re.split(r"&&|;|\|", re.split(r"\s#", found.group(1))[0]):
                yield part.strip().removeprefix("muslin ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_the_pages_exist(page):
    known = commands()
    for line in lines_of_commands(page.read_text(encoding="utf-8")):
        words = [word for word in shlex.split(line) if not word.startswith(">")]
        if words[0].startswith("-") or words[0].isupper():
            continue
        key = tuple(words[:2]) if tuple(words[:2]) in known else tuple(words[:1])
        assert key in known, f"{page.name}: muslin {line}"
        options = {opt for one in known[key].params for opt in (*one.opts, *one.secondary_opts)}
        used = {word.split("=")[0] for word in words if word.startswith("--")}
        assert used <= options | {"--help"}, f"{page.name}: muslin {line}"


def test_the_page_of_the_session_file_names_every_table_and_column():
    text = (DOCS / "session-file.md").read_text(encoding="utf-8")
    tables = layout.ROOT_TABLES | layout.DEVICE_TABLES | layout.STREAM_TABLES
    for table, dtype in tables.items():
        part = text.split(f"`{table}`", 1)[1]
        for name in dtype.names:
            assert f"`{name}`" in part, (table, name)
    for name in (*layout.CHANNELS.names, *layout.KNOTS.names):
        assert f"`{name}`" in text
    assert f"layout {'.'.join(map(str, layout.VERSION))}" in text


def test_extras_that_are_named_exist():
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = content["project"]["optional-dependencies"]
    text = (DOCS / "start" / "index.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)
    assert len(named) > 5
    assert set(named) <= set(extras)


def test_links_between_pages_lead_somewhere():
    for page in (*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"):
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (page.parent / target).exists(), f"{page.name} points to {target}"
        for target in re.findall(r"`(docs/[\w/-]+\.md)`", text):
            assert (ROOT / target).exists(), f"{page.name} names {target}"
