"""Public layouts are read whatever the files are called, in SI, and what is wrong is said."""

import numpy as np
import pytest

from wearables.activity.sets import (
    read_knit_repetitions,
    read_sleeves,
    read_waist,
    read_watch,
)
from wearables.activity.training import read_source, recipe_named
from wearables.errors import ModelError


def write_knit(path, *, users=("U1", "U2"), broken=False):
    rng = np.random.default_rng(0)
    rows, length, activity, user = [], [], [], []
    for name in users:
        for kind in ("bend", "squat"):
            piece = rng.normal(size=(300, 12)).astype(np.float32)
            if broken and kind == "squat":
                piece[5, 2] = np.nan
            rows.append(piece)
            length.append(300)
            activity.append(kind)
            user.append(name)
    np.savez(path, data=np.concatenate(rows), length=length, activity=activity, user=user)


def test_repetitions_of_several_files_are_joined(tmp_path):
    write_knit(tmp_path / "cls_one.npz")
    write_knit(tmp_path / "cls_two.npz", users=("U3",), broken=True)
    found = read_knit_repetitions(tmp_path)
    assert found.values.shape == (5, 580, 11)
    assert sorted(set(found.wearers)) == ["U1", "U2", "U3"]
    np.testing.assert_array_equal(
        found.values[:, 300:], np.repeat(found.values[:, 299:300], 280, 1)
    )
    source = read_source(recipe_named("knit-motion"), tmp_path)
    assert source.windows.values.shape[2] == len(source.channels) == 6


def test_waist_windows_lie_inside_labels_in_si(tmp_path):
    signal = np.tile([0.0, 1.0, 0.0, 0.1, 0.2, 0.3], (1000, 1)).astype(np.float32)
    labels = np.array([[1, 1, 5, 1, 400], [1, 1, 7, 401, 480], [1, 1, 4, 481, 800]])
    np.savez(tmp_path / "hapt_x.npz", exp01_user01=signal, labels=labels)
    found, rate_hz = read_waist(tmp_path, n_classes=12, window_s=2.56, hop_s=1.28)
    assert rate_hz == 50
    assert [found.classes[k] for k in found.labels] == ["standing"] * 5 + ["stand_to_sit"] + [
        "sitting"
    ] * 4
    np.testing.assert_allclose(found.values[0, 0], [0, 9.80665, 0, 0.1, 0.2, 0.3], rtol=1e-6)
    six, _ = read_waist(tmp_path, n_classes=6, window_s=2.56, hop_s=1.28)
    assert len(six.labels) == 9


def test_watch_windows_never_cross_a_change_of_activity(tmp_path):
    rows = np.zeros((400, 4), dtype=np.float32)
    rows[:250, 0], rows[250:, 0] = ord("A"), ord("D")
    rows[:, 1] = np.arange(400)
    np.savez(tmp_path / "wisdm7_watch_x.npz", **{"1600": rows})
    found, _ = read_watch(tmp_path, window_s=5, hop_s=2.5)
    assert found.classes == ("walking", "sitting")
    starts = found.values[:, 0, 0].astype(int).tolist()
    assert starts == [0, 50, 100, 150, 250, 300]


def test_sleeves_give_the_left_leg(tmp_path):
    counts = np.ones((900, 11), dtype=np.float32)
    names = [
        f"Sub01_CS{walk}_{leg}" for walk in ("Baseline", "StiffKnee") for leg in ("LCS", "RCS")
    ]
    np.savez(tmp_path / "cs_x.npz", **dict.fromkeys(names, counts))
    found, _ = read_sleeves(tmp_path, window_s=4, hop_s=1)
    assert found.values.shape == (12, 400, 7)
    assert found.labels.tolist() == [0] * 6 + [1] * 6


@pytest.mark.parametrize("name", ["knit-strain", "waist-6", "watch-6", "sleeve-gait"])
def test_an_empty_folder_is_said(tmp_path, name):
    with pytest.raises(ModelError, match="holds no file like"):
        read_source(recipe_named(name), tmp_path)


def test_files_of_another_kind_are_said(tmp_path):
    (tmp_path / "cls_x.npz").write_bytes(b"no")
    with pytest.raises(ModelError, match="not a set of arrays"):
        read_knit_repetitions(tmp_path)
    np.savez(tmp_path / "cls_x.npz", data=np.ones((3, 12)))
    with pytest.raises(ModelError, match="lacks"):
        read_knit_repetitions(tmp_path)
    np.savez(tmp_path / "hapt_x.npz", exp01_user01=np.ones((3, 6)))
    with pytest.raises(ModelError, match="lacks labels"):
        read_waist(tmp_path, n_classes=6, window_s=2.56, hop_s=1.28)
