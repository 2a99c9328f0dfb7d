"""The fit room's work without a page: a knee sleeve is draped, read, saved, and follows a step."""

import io

import numpy as np
import pytest
from PIL import Image

from fitting.body import REGIONS
from muslin.errors import InputError
from muslin.studio.choices import fit_choices
from muslin.studio.fit_clip import MOTIONS, N_BETWEEN, follow
from muslin.studio.fit_maps import SHOWN
from muslin.studio.fit_worker import Stopped, Worker
from muslin.studio.fitted import Wish
from muslin.studio.mesh_bytes import unpack_arrays

pytestmark = pytest.mark.slow


class Heard:
    """Takes the place of the pipe to the studio."""

    def __init__(self):
        self.messages = []

    def tell(self, content, body=b""):
        self.messages.append((content, body))

    def last(self, kind):
        return next(m for m in reversed(self.messages) if m[0]["type"] == kind)


WISH = {
    "sex": "female", "pose": "a", "pattern": "knee_sleeve", "path": "", "size": 0,
    "scan": "", "scan_path": "", "sensors_path": "",
    "fabric": "compression_knit", "edge_m": 0.024,
    "measures_cm": fit_choices()["demo"]["measures_cm"],
}  # fmt: skip


@pytest.fixture(scope="module")
def worked():
    """A worker that has draped one garment."""
    heard = Heard()
    worker = Worker(heard)
    worker._fit({"do": "fit", "id": 1, **WISH})
    return worker, heard


def test_a_drape_is_told_from_the_first_picture_to_the_verdict(worked):
    _, heard = worked
    own = [(content, body) for content, body in heard.messages if content["id"] == 1]
    kinds = [content["type"] for content, _ in own]
    assert kinds.index("preview") < kinds.index("fitted")
    shares = [content["share"] for content, _ in own if content["type"] == "progress"]
    assert shares == sorted(shares)
    content, body = next(message for message in own if message[0]["type"] == "fitted")
    described, arrays = unpack_arrays(body)
    n = content["summary"]["n_vertices"]
    assert arrays["cloth_positions"].shape == (n, 3)
    assert [shown["name"] for shown in described["maps"]] == [shown.name for shown in SHOWN]
    assert all(arrays[f"map_{shown.name}"].shape == (n,) for shown in SHOWN)
    assert {REGIONS[i] for i in arrays["cloth_region"]} <= {"thigh", "lower_leg"}


def test_sheet_and_glb_come_from_the_fit(worked):
    worker, heard = worked
    worker._file({"do": "file", "id": 1, "kind": "sheet"})
    sheet = Image.open(io.BytesIO(heard.last("file")[1]))
    assert np.asarray(sheet.convert("L")).std() > 10
    worker._file({"do": "file", "id": 1, "kind": "glb"})
    assert heard.last("file")[1].startswith(b"glTF")


def test_files_of_a_fit_that_is_gone_are_refused_with_a_reason(worked):
    worker, heard = worked
    worker._file({"do": "file", "id": 99, "kind": "glb"})
    assert "drape it again" in heard.last("no_file")[0]["text"]


def test_a_bad_wish_is_told_and_the_worker_goes_on(worked):
    worker, heard = worked
    worker._fit({"do": "fit", "id": 2, **WISH, "measures_cm": {"stature": 500.0}})
    assert "stature" in heard.last("failed")[0]["text"]


def test_a_stop_ends_a_drape(worked):
    worker, heard = worked
    worker.command({"do": "stop"})
    worker._fit({"do": "fit", "id": 3, **WISH})
    worker._stop.clear()
    assert heard.last("stopped")[0]["id"] == 3


def test_a_garment_follows_its_body(worked, monkeypatch):
    worker, _ = worked
    monkeypatch.setitem(MOTIONS, "arm_raise", ("arms_down",))
    monkeypatch.setitem(N_BETWEEN, "arm_raise", 1)
    poses = []
    moved = follow(worker._fits[1], "arm_raise", progress=lambda i, n: poses.append((i, n)))
    content, arrays = unpack_arrays(moved)
    n = content["n_frames"]
    assert poses[-1] == (n, n)
    assert arrays["body_frames"].shape[0] == arrays["cloth_frames"].shape[0] == n
    # The arms move and the sleeve on the knee stays where it is, to a few millimetres.
    assert np.abs(arrays["body_frames"][-1] - arrays["body_frames"][0]).max() > 0.05
    away = np.linalg.norm(arrays["cloth_frames"][-1] - arrays["cloth_frames"][0], axis=1)
    assert np.median(away) < 0.02


def test_an_unknown_movement_and_a_stop_are_refused(worked):
    worker, _ = worked
    with pytest.raises(InputError, match="walk"):
        follow(worker._fits[1], "dance", progress=lambda i, n: None)

    def stop(i, n):
        raise Stopped

    with pytest.raises(Stopped):
        follow(worker._fits[1], "walk", progress=stop)


def test_a_wish_names_its_garment():
    garment = Wish.of(WISH).garment()
    assert (garment.pattern, garment.fabric.name) == ("knee_sleeve", "compression_knit")
