"""The activity net learns, repeats itself, and refuses what it was not trained for."""

import hashlib
import tomllib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wearables.activity.answer import UNKNOWN
from wearables.activity.classify import Classifier
from wearables.activity.dataset import (
    BASICMOTIONS_CHANNELS,
    Windows,
    case_folds,
    cut_windows,
    read_cases,
)
from wearables.activity.train import TrainConfig, train, train_basicmotions
from wearables.activity.weights import load_model
from wearables.errors import ModelError
from wearables.events import SampleBlock

RATE_HZ = 10.0


def blocks_of(values, *, cuts=(), missing=()):
    """Samples as runs; `cuts` end a block, `missing` rows are left out."""
    there = np.setdiff1d(np.arange(len(values)), np.array(missing, dtype=int))
    ends = np.flatnonzero(np.diff(there) > 1) + 1
    ends = np.union1d(ends, np.searchsorted(there, np.array(sorted(cuts), dtype=int)))
    return [
        SampleBlock(
            stream="imu", first_index=int(rows[0]), time_s=rows / RATE_HZ,
            values=values[rows].astype(np.float64), channels=BASICMOTIONS_CHANNELS,
        )
        for rows in np.split(there, ends) if rows.size
    ]  # fmt: skip


@pytest.fixture(scope="module")
def classifier(assets):
    return Classifier(assets / "models" / "basicmotions.safetensors")


@pytest.fixture(scope="module")
def recording(assets):
    """Five test cases in a row, shape (500, 6)."""
    cases = read_cases(assets / "recordings" / "basicmotions_test.npz")
    return np.concatenate(cases.values[[0, 10, 20, 30, 39]])


def classify(classifier, blocks, *, channels=BASICMOTIONS_CHANNELS, rate_hz=RATE_HZ):
    return classifier(blocks, channels=channels, rate_hz=rate_hz)


def eight_windows():
    rng = np.random.default_rng(3)
    return Windows(
        values=rng.normal(size=(8, 25, 6)).astype(np.float32),
        labels=np.arange(8) % 2,
        cases=np.arange(8),
        wearers=np.arange(8).astype(str),
        classes=("a", "b"),
    )


CONFIG = TrainConfig(n_epochs=60, batch=8, gain_sd=0.0)


def test_same_seed_same_bits_and_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    one, two = (train(CONFIG, eight_windows()).net.state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert torch.equal(torch.get_rng_state(), before)


@settings(max_examples=20, deadline=None)
@given(n_cases=st.integers(4, 12), per=st.integers(1, 6), folds=st.integers(2, 4))
def test_folds_hold_out_whole_cases(n_cases, per, folds):
    """No case lies on both sides, and every window is held out once."""
    cases = np.repeat(np.arange(n_cases), per)
    masks = case_folds(cases, folds, np.random.default_rng(n_cases))
    assert np.array_equal(np.sum(masks, axis=0), np.ones(len(cases)))
    for mask in masks:
        assert not set(cases[mask]) & set(cases[~mask])


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 499), max_size=6))
def test_blocks_and_one_go_give_the_same_labels(classifier, recording, cuts):
    whole = classify(classifier, blocks_of(recording))
    pieces = classify(classifier, blocks_of(recording, cuts=cuts))
    assert pieces == whole


@settings(max_examples=15, deadline=None)
@given(start=st.integers(30, 450), n=st.integers(1, 20))
def test_a_window_with_a_hole_is_unknown_and_says_so(classifier, recording, start, n):
    """Windows off the hole keep their raw label; those on it have none."""
    missing = range(start, start + n)
    whole = classify(classifier, blocks_of(recording))
    holed = classify(classifier, blocks_of(recording, missing=missing))
    window, hop = classifier.card.window, classifier.card.hop
    assert len(holed) == len(whole)
    for i, (with_hole, without) in enumerate(zip(holed, whole, strict=True)):
        touches = i * hop < start + n and i * hop + window > start
        if touches:
            assert (with_hole.label, with_hole.smoothed) == (UNKNOWN, UNKNOWN)
            assert with_hole.reason == "gap"
        else:
            assert with_hole.label == without.label
            # The vote is taken among what is known; a hole before does not hide this window.
            assert with_hole.label == UNKNOWN or with_hole.smoothed != UNKNOWN


@pytest.mark.parametrize(
    ("channels", "rate_hz", "says"),
    [
        (tuple(reversed(BASICMOTIONS_CHANNELS)), RATE_HZ, "in this order"),
        (("acc_x_g", *BASICMOTIONS_CHANNELS[1:]), RATE_HZ, "acc_x_g"),
        (BASICMOTIONS_CHANNELS, 50.0, "50.000 Hz"),
    ],
)
def test_other_units_order_or_rate_are_refused(classifier, recording, channels, rate_hz, says):
    with pytest.raises(ModelError, match=says):
        classify(classifier, blocks_of(recording), channels=channels, rate_hz=rate_hz)


def test_nothing_recorded_gives_no_windows(classifier):
    assert classify(classifier, []) == []


def test_doubt_is_unknown(classifier, recording, monkeypatch):
    monkeypatch.setattr("wearables.activity.classify.MIN_PROBABILITY", 1.1)
    said = classify(classifier, blocks_of(recording))
    assert {(window.label, window.reason) for window in said} == {(UNKNOWN, "doubt")}


def test_no_test_case_is_among_the_training_cases(assets):
    train_cases, test_cases = (
        read_cases(assets / "recordings" / f"basicmotions_{name}.npz").values
        for name in ("train", "test")
    )
    known = {case.tobytes() for case in train_cases}
    assert not any(case.tobytes() in known for case in test_cases)


def test_shipped_recordings_and_models_are_those_of_the_manifest(assets):
    files = tomllib.loads((assets / "MANIFEST.toml").read_text(encoding="utf-8"))["file"]
    listed = {entry["path"]: entry["sha256"] for entry in files}
    for folder in ("recordings", "models"):
        for path in (assets / folder).iterdir():
            if path.suffix in (".npz", ".safetensors"):
                name = path.relative_to(assets).as_posix()
                assert hashlib.sha256(path.read_bytes()).hexdigest() == listed[name], name


def test_training_writes_the_same_file_twice(assets, tmp_path):
    """The command's run at small size: weights, card, folds, and equal bytes."""
    config = TrainConfig(n_epochs=1, n_folds=2, hop=25)
    cards = [train_basicmotions(tmp_path / f"{i}.safetensors", assets, config) for i in range(2)]
    first, second = ((tmp_path / f"{i}.safetensors").read_bytes() for i in range(2))
    assert first == second
    assert cards[0] == cards[1]
    _, card = load_model(tmp_path / "0.safetensors")
    assert card.settings["n_epochs"] == 1
    assert card.channels == BASICMOTIONS_CHANNELS


def test_what_does_not_hold_cases_is_refused(tmp_path, assets):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    for name in ("other.npz", "none.npz"):
        with pytest.raises(ModelError, match="labelled cases"):
            read_cases(tmp_path / name)
    cases = read_cases(assets / "recordings" / "basicmotions_test.npz")
    with pytest.raises(ModelError, match="a window needs 200"):
        cut_windows(cases, n=200, hop=10)
