"""Looking for Bluetooth devices from the page."""

import pytest

from muslin.errors import InputError
from muslin.studio import devices
from muslin.studio.devices import Scanner

SAYS = """import json, sys
print("noise", file=sys.stderr)
print(json.dumps({"devices": [
  {"name": "H10", "address": "AA", "rssi_dbm": -70, "profiles": ["polar"], "serial": None},
  {"name": "shirt", "address": "BB", "rssi_dbm": -50, "profiles": [], "serial": "0000002a"}]}))
"""


def as_muslin(monkeypatch, tmp_path, program):
    """What `python -m muslin` runs in the child process."""
    folder = tmp_path / "muslin"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "__main__.py").write_text(program, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")


async def test_garments_come_with_the_address_to_record_them_by(monkeypatch, tmp_path):
    as_muslin(monkeypatch, tmp_path, SAYS)
    found = await Scanner().look("os:")
    assert [device["name"] for device in found] == ["shirt", "H10"]
    assert [device["garment"] for device in found] == ["os:#0000002a", ""]


async def test_a_radio_that_does_not_work_is_one_sentence(monkeypatch, tmp_path):
    as_muslin(monkeypatch, tmp_path, "import sys; sys.exit('muslin: no radio here')")
    with pytest.raises(InputError, match=r"^no radio here$"):
        await Scanner().look("os:")


async def test_a_radio_that_hangs_is_ended(monkeypatch, tmp_path):
    as_muslin(monkeypatch, tmp_path, "import time; time.sleep(60)")
    monkeypatch.setattr(devices, "SCAN_TIMEOUT_S", 0.5)
    with pytest.raises(InputError, match=r"within 0\.5 s"):
        await Scanner().look("usb:0")


@pytest.mark.parametrize("radio", ["", None, "x:", "os:; touch evil", "/dev/null", "serial:/etc"])
async def test_a_radio_that_is_none_is_refused(radio):
    with pytest.raises(InputError, match="is not one of"):
        await Scanner().look(radio)
