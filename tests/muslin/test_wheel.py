"""The wheel holds what an installed Muslin needs, and works away from the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "muslin" / "studio" / "static" / "vendor"
PACKAGES = ("firmware_bridge", "wearables", "fitting", "muslin")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    pytest.importorskip("hatchling", reason="the wheel is built with it")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--no-index", "--disable-pip-version-check", "--wheel-dir", str(folder), str(ROOT)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    (path,) = folder.glob("muslin-*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_holds_what_it_needs(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    for package in PACKAGES:
        assert f"{package}/py.typed" in names
    for path in (*(ROOT / "assets").rglob("*"), *(ROOT / "firmware_bridge" / "c").glob("*.h")):
        if path.is_file():
            inside = path.relative_to(ROOT).as_posix()
            assert (f"muslin/{inside}" if inside.startswith("assets") else inside) in names
    assert "muslin/studio/static/index.html" in names
    for path in VENDOR.glob("[!.]*"):
        assert path.relative_to(ROOT).as_posix() in names
    assert {name.split("/")[0].split("-")[0] for name in names} == set(PACKAGES)
    assert not [name for name in names if "node_modules" in name or name.endswith(".pyc")]


@pytest.mark.slow
def test_the_wheel_works_away_from_the_checkout(wheel, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--disable-pip-version-check", "--target", str(tmp_path / "site"), str(wheel)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}

    def python(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], check=True, capture_output=True, text=True, timeout=120,
            cwd=tmp_path, env=environment,
        )  # fmt: skip
        return done.stdout

    assert python(str(tmp_path / "site" / "bin" / "muslin"), "--version") == "muslin 0.1.0\n"
    assert "end to end" in python("-m", "muslin", "demo", "--help")
    told = python("-c", "import muslin.folders as f; print(f.assets_folder())")
    assert told.startswith(str(tmp_path))
    assert "cotton_jersey" in python("-m", "muslin", "fabric", "show", "--json")
    words = "from wearables.activity.known import known_models as k; print(k())"
    assert str(tmp_path) in python("-c", words)
