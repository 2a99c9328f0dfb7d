"""Other packages add profiles, fabrics, pattern formats and models; what fails is named."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fitting.cloth import fabric_cards
from fitting.errors import FabricError, PatternError
from fitting.pattern import read as pattern_door
from muslin import plugins as look
from muslin.plugins import plugins
from wearables.activity import known
from wearables.errors import ModelError

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "plugin"
LOOK = """
import json, sys
from muslin.plugins import plugins
from wearables.profiles import profiles_named
from fitting.cloth import load_fabric
from fitting.pattern import inspect_pattern
from pathlib import Path
from dataclasses import asdict

profile = profiles_named(["lab_belt"])[0]
decoder = profile.make_decoder()
data = (2000).to_bytes(4, "little") + (150).to_bytes(2, "little") * 3
(reading,) = decoder.feed(profile.notify_uuids[0], data, host_ns=0, epoch=1)
(damaged,) = decoder.feed(profile.notify_uuids[0], b"abc", host_ns=0, epoch=1)
pattern, findings = inspect_pattern(Path(sys.argv[1]))
print(json.dumps({
    "plugins": [asdict(one) for one in plugins()],
    "counts": reading.counts.tolist(), "device_us": reading.device_us, "damaged": damaged.reason,
    "density": load_fabric("lab_fleece").area_density_kg_m2,
    "panels": [panel.name for panel in pattern.panels],
    "findings": [str(one) for one in findings if one.severity != "hint"],
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The example as an installer leaves it in a folder: the package and its entry points."""
    target = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
         "--no-index", "--disable-pip-version-check", "--target", str(target), str(source)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return target


@pytest.mark.slow
def test_the_example_brings_what_it_promises(installed):
    pytest.importorskip("hatchling", reason="the example is built with it")
    path = os.pathsep.join([str(installed), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(EXAMPLE / "kneeband.corners")],
        capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {one["group"]: (one["package"], one["error"]) for one in found["plugins"]} == {
        "muslin.profiles": ("lab-muslin 0.1.0", ""),
        "muslin.fabrics": ("lab-muslin 0.1.0", ""),
        "muslin.patterns": ("lab-muslin 0.1.0", ""),
    }
    assert found["counts"] == [[150]] * 3
    assert found["device_us"] == 2_000_000
    assert "3 bytes" in found["damaged"]
    assert found["density"] == pytest.approx(0.30)
    assert found["panels"] == ["band"]
    assert found["findings"] == []


def entry(group, value, name="extra"):
    return EntryPoint(name=name, value=value, group=group)


@pytest.mark.parametrize(
    ("load", "error", "value", "match"),
    [
        (fabric_cards.folder_of, FabricError, "nowhere:thing", "'extra' cannot be loaded"),
        (fabric_cards.folder_of, FabricError, "os:sep2", "'extra' cannot be loaded"),
        (fabric_cards.folder_of, FabricError, "os:name", "is no folder"),
        (known.folder_of, ModelError, "nowhere:thing", "'extra' cannot be loaded"),
        (known.folder_of, ModelError, "os:name", "is no folder"),
        (pattern_door.format_from, PatternError, "nowhere:thing", "'extra' cannot be loaded"),
        (pattern_door.format_from, PatternError, "os:sep", "names a str, wanted a PatternFormat"),
    ],
)
def test_a_plug_in_that_fails_is_named(load, error, value, match):
    with pytest.raises(error, match=match):
        load(entry("any", value))


def test_plugins_tell_what_fails_and_go_on(monkeypatch):
    groups = {
        "muslin.fabrics": [entry("muslin.fabrics", "fitting.cloth.fabric_cards:fabrics_folder")],
        "muslin.models": [entry("muslin.models", "nowhere:thing", "bad")],
    }
    monkeypatch.setattr(look, "entry_points", lambda group: groups.get(group, []))
    fabrics, models = plugins()
    assert "denim" in fabrics.brings
    assert not fabrics.error
    assert "'bad' cannot be loaded" in models.error


def test_models_of_other_packages_have_names(monkeypatch, tmp_path):
    (tmp_path / "lab.safetensors").write_bytes(b"")
    monkeypatch.setattr("wearables.activity.known.folder", tmp_path, raising=False)
    mine = entry(known.ENTRY_POINT_GROUP, "wearables.activity.known:folder")
    monkeypatch.setattr(known, "entry_points", lambda group: [mine])
    assert set(known.known_models()) == {"basicmotions", "lab"}
    assert known.find_model("lab") == tmp_path / "lab.safetensors"
    assert known.find_model("my.safetensors") == Path("my.safetensors")
    with pytest.raises(ModelError, match=r"'x' is not known; known are .*lab"):
        known.find_model("x")
