"""Committees learn from other wearers, answer the same after a round trip, and know doubt."""

import ctypes
import itertools
import json
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wearables.activity.adapt import Personal, learn_metric
from wearables.activity.answer import UNKNOWN
from wearables.activity.committee import train_committee
from wearables.activity.committee_file import (
    is_committee,
    load_committee,
    save_committee,
)
from wearables.activity.dataset import Windows
from wearables.activity.evaluate import judge_masks, pooled_scores, split_rows
from wearables.activity.export import export_torchscript, int8_net
from wearables.activity.export_c import export_c_header
from wearables.activity.features.gait import gait_features
from wearables.activity.features.strain import rest_and_excursion
from wearables.activity.live import LiveCommittee
from wearables.activity.members.net import NetSettings, net_probabilities
from wearables.activity.recipe import Recipe
from wearables.activity.splits import wearer_blocks, wearer_draws, wearer_folds
from wearables.activity.training import Source, train_recipe
from wearables.errors import ModelError
from wearables.events import SampleBlock
from wearables.signals.operator import run

RATE_HZ = 50.0
RUN_C = """
#include "net.h"
void run(const float *excursion, int n, float *scores);
void run(const float *excursion, int n, float *scores)
{
    static float work[strain_WORK(1000)];
    strain_run(excursion, n, work, scores);
}
"""
CLASSES = ("bend", "hold", "twice")
STRAIN = Recipe(
    name="test-strain", features="strain", n_strain=3, window_s=3.0, hop_s=0.5, n_trees=12,
    penalty=0.01, net=NetSettings(n_epochs=15, batch=16, width=8, n_seeds=2), smooth=True,
)  # fmt: skip


def repetition(kind, rng, gain):
    """One exercise of a made-up sleeve: three sensors, a wearer's own gains and rest."""
    t = np.arange(150) / RATE_HZ
    start = rng.uniform(0.5, 0.9)
    rise = 1 / (1 + np.exp(-(t - start) * 15))
    length = {"bend": 0.6, "hold": 1.5, "twice": 1.3}[kind]
    shape = rise * (1 - 1 / (1 + np.exp(-(t - start - length) * 15)))
    if kind == "twice":
        shape = shape * (0.55 + 0.45 * np.cos(2 * np.pi * (t - start) / 0.65))
    share = {"bend": (1, 0.4, 0.1), "hold": (1, 0.6, 0.3), "twice": (1, 0.2, 0.5)}[kind]
    clean = 4 * shape[:, None] * np.array(share) * gain + 0.3 * gain
    return clean + 0.01 * rng.normal(size=clean.shape)


@pytest.fixture(scope="module")
def windows():
    rng = np.random.default_rng(5)
    values, labels, wearers = [], [], []
    for wearer in range(6):
        gain = np.exp(0.15 * rng.normal(size=3))
        for k, kind in enumerate(CLASSES):
            for _ in range(6):
                values.append(repetition(kind, rng, gain))
                labels.append(k)
                wearers.append(f"U{wearer + 1}")
    _, cases = np.unique(wearers, return_inverse=True)
    return Windows(
        values=np.array(values, dtype=np.float32), labels=np.array(labels), cases=cases,
        wearers=np.array(wearers), classes=CLASSES,
    )  # fmt: skip


@pytest.fixture(scope="module")
def shipped(windows):
    source = Source(
        windows=windows, rate_hz=RATE_HZ, channels=("s1", "s2", "s3"), training_set="made up",
        limits=("It knows nobody.",),
    )  # fmt: skip
    return train_recipe(STRAIN, source)


def block(values, first=0):
    return SampleBlock(
        stream="strain", first_index=first, time_s=(first + np.arange(len(values))) / RATE_HZ,
        values=np.asarray(values, dtype=np.float64), channels=("s1", "s2", "s3"),
    )  # fmt: skip


def test_it_tells_the_exercises_of_strangers(windows):
    masks = wearer_folds(windows.wearers, 3, np.random.default_rng(0))
    judged = judge_masks(STRAIN, windows, masks, rate_hz=RATE_HZ)
    raw, after = pooled_scores(windows, judged, np.random.default_rng(0))
    assert raw.macro_f1 > 0.95
    assert after.macro_f1 > 0.95
    assert after.macro_f1_low <= after.macro_f1 <= after.macro_f1_high
    rows = split_rows(windows, judged, np.random.default_rng(0))
    assert sorted(name for row in rows for name in row["held_out"]) == [
        f"U{i}" for i in range(1, 7)
    ]


def test_training_twice_gives_the_same_bits(windows):
    one, two = (train_committee(STRAIN, windows, rate_hz=RATE_HZ) for _ in range(2))
    np.testing.assert_array_equal(
        one.probabilities(windows.values), two.probabilities(windows.values)
    )


def test_a_file_gives_back_the_same_answers(shipped, windows, tmp_path):
    path = tmp_path / "strain.safetensors"
    save_committee(path, shipped)
    back = load_committee(path)
    assert is_committee(path)
    assert back.card == shipped.card
    np.testing.assert_array_equal(
        back.committee.probabilities(windows.values),
        shipped.committee.probabilities(windows.values),
    )
    assert "Model card" in path.with_suffix(".md").read_text(encoding="utf-8")
    assert json.dumps(back.card.to_json())
    raw = shipped.committee.probabilities(windows.values)
    features = shipped.committee.standard_features(windows.values)
    np.testing.assert_array_equal(
        back.doubt.is_unknown(raw, features), shipped.doubt.is_unknown(raw, features)
    )


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 64])
def test_what_is_no_committee_is_said(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    assert not is_committee(path)
    with pytest.raises(ModelError, match="not a committee"):
        load_committee(path)
    with pytest.raises(ModelError, match="does not exist"):
        load_committee(tmp_path / "absent")


def test_trees_answer_as_the_library_that_grew_them(windows):
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    from wearables.activity.members.trees import train_number_trees, train_trees

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 5)), rng.integers(0, 3, 80)
    ours = train_trees(x, y, n_classes=3, n_trees=7, min_leaf=2, feature_share=0.5, seed=1)
    theirs = ExtraTreesClassifier(
        7, min_samples_leaf=2, max_features=0.5, class_weight="balanced", random_state=1
    ).fit(x, y)
    fresh = rng.normal(size=(50, 5))
    np.testing.assert_allclose(ours.probabilities(fresh), theirs.predict_proba(fresh), atol=1e-6)
    numbers = x @ np.arange(5)
    own = train_number_trees(x, numbers, n_trees=5, min_leaf=2, feature_share=0.5, seed=1)
    other = ExtraTreesRegressor(5, min_samples_leaf=2, max_features=0.5, random_state=1)
    np.testing.assert_allclose(
        own.probabilities(fresh)[:, 0], other.fit(x, numbers).predict(fresh), rtol=1e-5, atol=1e-5
    )


def test_one_labelled_repetition_makes_the_model_personal(windows):
    """A wearer whose second sensor is twice as sensitive is a stranger; a minute mends it."""
    odd = windows.part(windows.wearers == "U1")
    odd = replace(odd, values=odd.values * np.array([1, 2.4, 0.5], dtype=np.float32))
    committee = train_committee(STRAIN, windows.part(windows.wearers != "U1"), rate_hz=RATE_HZ)
    metric = learn_metric(committee, windows.part(windows.wearers != "U1"))
    first = np.array([int(np.flatnonzero(odd.labels == k)[0]) for k in range(3)])
    person = Personal(committee, metric, odd.values[first], odd.labels[first])
    rest = np.setdiff1d(np.arange(len(odd.labels)), first)
    before = committee.probabilities(odd.values[rest]).argmax(axis=1) == odd.labels[rest]
    after = person.probabilities(odd.values[rest]).argmax(axis=1) == odd.labels[rest]
    assert after.mean() >= before.mean()
    assert after.mean() > 0.9
    with pytest.raises(ModelError, match="lacks a repetition of twice"):
        Personal(committee, metric, odd.values[first[:2]], odd.labels[first[:2]])


@settings(max_examples=6, deadline=None)
@given(cuts=st.lists(st.integers(0, 449), max_size=6))
def test_any_cut_of_a_live_stream_gives_the_same_answers(shipped, windows, cuts):
    values = np.concatenate(windows.values[[0, 7, 14]]).astype(np.float64)
    live = LiveCommittee(shipped, channels=("s1", "s2", "s3"), rate_hz=RATE_HZ)
    whole = run(live, [block(values)])
    edges = [0, *sorted(set(cuts) - {0}), len(values)]
    pieces = [block(values[a:b], a) for a, b in itertools.pairwise(edges)]
    live.reset()
    assert run(live, pieces) == whole


def test_the_first_answer_comes_within_three_seconds(shipped, windows):
    live = LiveCommittee(
        replace(shipped, card=replace(shipped.card, recipe=replace(STRAIN, window_s=5.0))),
        channels=("s1", "s2", "s3"), rate_hz=RATE_HZ,
    )  # fmt: skip
    values = np.concatenate(windows.values[[0, 1]]).astype(np.float64)
    assert live(block(values[: int(3.0 * RATE_HZ)])) != []


def test_a_window_over_a_hole_is_unknown(shipped, windows):
    values = np.concatenate(windows.values[[0, 7, 14]]).astype(np.float64)
    live = LiveCommittee(shipped, channels=("s1", "s2", "s3"), rate_hz=RATE_HZ)
    found = run(live, [block(values[:160]), block(values[200:], 200)])
    over = [one for one in found if 160 / RATE_HZ < one.time_s < 200 / RATE_HZ]
    assert over
    assert {(one.label, one.reason) for one in over} == {(UNKNOWN, "gap")}


def test_what_it_never_saw_is_unknown(shipped):
    noise = 5 * np.random.default_rng(0).normal(size=(600, 3))
    live = LiveCommittee(shipped, channels=("s1", "s2", "s3"), rate_hz=RATE_HZ)
    found = run(live, [block(noise)])
    assert np.mean([one.label == UNKNOWN for one in found]) > 0.9


def test_memory_can_be_saved_amid_the_signal(shipped, windows):
    values = np.concatenate(windows.values[[0, 7, 14]]).astype(np.float64)
    live, other = (
        LiveCommittee(shipped, channels=("s1", "s2", "s3"), rate_hz=RATE_HZ) for _ in range(2)
    )
    live(block(values[:220]))
    other.restore(live.state())
    assert other(block(values[220:], 220)) == live(block(values[220:], 220))


def test_other_channels_or_rates_are_refused(shipped):
    with pytest.raises(ModelError, match="in this order"):
        LiveCommittee(shipped, channels=("s2", "s1", "s3"), rate_hz=RATE_HZ)
    with pytest.raises(ModelError, match="resample"):
        LiveCommittee(shipped, channels=("s1", "s2", "s3"), rate_hz=40.0)


def test_splits_never_part_a_wearer(windows):
    rng = np.random.default_rng(2)
    masks = [
        *wearer_folds(windows.wearers, 3, rng),
        *wearer_draws(windows.wearers, n_test=2, n_draws=5, rng=rng),
        *wearer_blocks(windows.wearers, (("U1", "U2"),)),
    ]
    for mask in masks:
        assert not set(windows.wearers[mask]) & set(windows.wearers[~mask])
        assert mask.any()
    with pytest.raises(ModelError, match="7 folds of 6 wearers"):
        wearer_folds(windows.wearers, 7, rng)
    with pytest.raises(ModelError, match="cannot be held out"):
        wearer_draws(windows.wearers, n_test=6, n_draws=1, rng=rng)
    with pytest.raises(ModelError, match="all wearers or none"):
        wearer_blocks(windows.wearers, (("U9",),))


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_int8_and_torchscript_answer_like_the_net(shipped, windows, tmp_path):
    net = shipped.committee.nets[1]
    _, excursion = rest_and_excursion(windows.values, RATE_HZ)
    inputs = excursion[:, ::2]
    exact = net_probabilities(net, inputs)
    rounded = net_probabilities(int8_net(net), inputs)
    assert (exact.argmax(axis=1) == rounded.argmax(axis=1)).mean() > 0.97
    export_torchscript(tmp_path / "net.pt", net, n_samples=inputs.shape[1], n_channels=3)
    scores = torch.jit.load(tmp_path / "net.pt")(torch.from_numpy(inputs.astype(np.float32)))
    np.testing.assert_allclose(torch.softmax(scores, 1).detach().numpy(), exact, atol=1e-5)


@pytest.mark.parametrize("i_net", [0, 1])
def test_the_c_header_runs_as_the_rounded_net(shipped, windows, tmp_path, missing, i_net):
    """Compiled with every warning an error; scores agree to single precision."""
    gcc = shutil.which("gcc")
    if gcc is None:
        missing("no gcc: the exported net is not run")
    net = shipped.committee.nets[i_net]
    assert export_c_header(tmp_path / "net.h", net, name="strain") < 20_000
    (tmp_path / "net.c").write_text(RUN_C, encoding="utf-8")
    flags = ["-std=c99", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
    command = [
        gcc,
        *flags,
        "-shared",
        "-fPIC",
        "-o",
        tmp_path / "net.so",
        tmp_path / "net.c",
        "-lm",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    library = ctypes.CDLL(str(tmp_path / "net.so"))
    _, excursion = rest_and_excursion(windows.values[::9], RATE_HZ)
    inputs = np.ascontiguousarray(excursion[:, ::2], dtype=np.float32)
    with torch.inference_mode():
        exact = int8_net(net)(torch.from_numpy(inputs)).numpy()
    pointer = ctypes.POINTER(ctypes.c_float)
    for window, wanted in zip(inputs, exact, strict=True):
        scores = np.zeros(3, dtype=np.float32)
        library.run(window.ctypes.data_as(pointer), len(window), scores.ctypes.data_as(pointer))
        np.testing.assert_allclose(scores, wanted, atol=2e-4)


def test_a_recipe_without_learners_and_one_class_are_refused(windows):
    with pytest.raises(ModelError, match="names no learner"):
        train_committee(
            replace(STRAIN, penalty=None, n_trees=0, net=None), windows, rate_hz=RATE_HZ
        )
    with pytest.raises(ModelError, match="one class only"):
        train_committee(STRAIN, windows.part(windows.labels == 0), rate_hz=RATE_HZ)


def test_gait_features_know_neither_level_nor_gain():
    rng = np.random.default_rng(1)
    t = np.arange(400) / 100
    walk = np.stack([np.sin(2 * np.pi * t + k) + 0.3 * np.sin(6 * t + k) for k in range(4)], axis=1)
    walk = (walk + 0.02 * rng.normal(size=walk.shape))[None] * 50
    other = gait_features(walk * 3.0 + 9000.0, 100.0)
    same = gait_features(walk + 9000.0, 100.0)
    n_free = other.shape[1] - 8  # the last columns say range against level and between channels
    np.testing.assert_allclose(other[:, :n_free], same[:, :n_free], atol=1e-6)
    assert gait_features(walk, 100.0)[0, 40] == pytest.approx(1.0, abs=0.13)  # strides a second
