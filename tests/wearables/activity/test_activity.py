"""The activity model learns, repeats itself, and refuses what it was not made for."""

import json

import numpy as np
import pytest
import torch

from wearables.activity.answer import UNKNOWN
from wearables.activity.classify import Classifier
from wearables.activity.dataset import (
    BASICMOTIONS_CHANNELS,
    Cases,
    Windows,
    case_folds,
    cut_windows,
    read_cases,
)
from wearables.activity.train import TrainConfig, accuracy, train, train_basicmotions
from wearables.activity.weights import load_model
from wearables.errors import ModelError
from wearables.events import SampleBlock


@pytest.fixture(scope="session")
def model(assets):
    return assets / "models" / "basicmotions.safetensors"


@pytest.fixture(scope="session")
def test_cases(assets):
    return read_cases(assets / "recordings" / "basicmotions_test.npz")


def handful(seed=3):
    rng = np.random.default_rng(seed)
    return Windows(
        values=rng.normal(size=(8, 25, 6)).astype(np.float32),
        labels=np.arange(8) % 2,
        cases=np.arange(8),
        wearers=np.arange(8).astype(str),
        classes=("a", "b"),
    )


def block(values, *, first=0):
    return SampleBlock(
        stream="imu", first_index=first, time_s=(first + np.arange(len(values))) / 10.0,
        values=values.astype(np.float64), channels=BASICMOTIONS_CHANNELS,
    )  # fmt: skip


def test_overfits_a_handful_of_windows():
    """If it cannot learn eight windows by heart, it cannot learn at all."""
    config = TrainConfig(n_epochs=120, batch=8, gain_sd=0.0)
    trained = train(config, handful())
    assert accuracy(trained, handful()) == 1.0
    assert trained.losses[-1] < trained.losses[0] / 2


def test_training_repeats_bit_for_bit():
    config = TrainConfig(n_epochs=3)
    torch.manual_seed(1)
    first = train(config, handful()).net.state_dict()
    torch.manual_seed(2)
    second = train(config, handful()).net.state_dict()
    for name, value in first.items():
        assert torch.equal(value, second[name])


def test_the_shipped_model_beats_chance_by_far_on_unseen_cases(model, test_cases):
    classifier = Classifier(model)
    right = [
        activity.label == label
        for values, label in zip(test_cases.values, test_cases.labels, strict=True)
        for activity in classifier([block(values)], channels=BASICMOTIONS_CHANNELS, rate_hz=10.0)
    ]
    assert np.mean(right) > 0.95
    assert model.stat().st_size < 200_000
    assert classifier.card.metrics["fold_accuracy_mean"] > 0.9


def test_training_again_gives_a_model_that_can_be_used(tmp_path, assets):
    path = tmp_path / "m.safetensors"
    config = TrainConfig(n_epochs=1, n_folds=2, width=8)
    card = train_basicmotions(path, assets, config)
    _, loaded = load_model(path)
    assert json.loads(json.dumps(card)) == json.loads(json.dumps(loaded.to_json()))
    assert loaded.classes == ("Badminton", "Running", "Standing", "Walking")


def test_a_window_with_a_hole_is_unknown_and_says_why(model, test_cases):
    values = np.concatenate(test_cases.values[:4])
    classifier = Classifier(model)
    parts = [block(values[:120]), block(values[128:], first=128)]
    found = classifier(parts, channels=BASICMOTIONS_CHANNELS, rate_hz=10.0)
    over = [a for a in found if 12.0 - 1.2 < a.time_s < 12.8 + 1.2]
    assert over
    assert {a.reason for a in found if a.label == UNKNOWN} <= {"gap", "doubt"}
    assert any(a.reason == "gap" and a.smoothed == UNKNOWN for a in over)


def test_classifying_one_run_or_pieces_of_it_is_the_same(model, test_cases):
    values = np.concatenate(test_cases.values[:3])
    classifier = Classifier(model)
    whole = classifier([block(values)], channels=BASICMOTIONS_CHANNELS, rate_hz=10.0)
    pieces = [block(values[a:b], first=a) for a, b in ((0, 37), (37, 38), (38, 300))]
    cut = classifier(pieces, channels=BASICMOTIONS_CHANNELS, rate_hz=10.0)
    assert [a.label for a in whole] == [a.label for a in cut]


def test_other_channels_and_rates_are_refused(model):
    classifier = Classifier(model)
    with pytest.raises(ModelError, match="in this order"):
        classifier([], channels=BASICMOTIONS_CHANNELS[::-1], rate_hz=10.0)
    with pytest.raises(ModelError, match="needs 10 Hz"):
        classifier([], channels=BASICMOTIONS_CHANNELS, rate_hz=50.0)
    assert classifier([], channels=BASICMOTIONS_CHANNELS, rate_hz=10.02) == []


def test_files_that_are_no_model_are_refused(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        load_model(tmp_path / "none")
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="not an activity model"):
        load_model(path)
    with pytest.raises(ModelError, match="labelled cases"):
        read_cases(tmp_path / "none.npz")


def test_folds_keep_cases_whole():
    cases = np.repeat(np.arange(10), 3)
    folds = case_folds(cases, 4, np.random.default_rng(0))
    assert sum(fold.sum() for fold in folds) == 30
    for fold in folds:
        assert not set(cases[fold]) & set(cases[~fold])


def test_cases_shorter_than_a_window_are_refused():
    short = Cases(values=np.zeros((1, 5, 6), dtype=np.float32), labels=("a",), rate_hz=10.0)
    with pytest.raises(ModelError, match="5 samples"):
        cut_windows(short, n=25, hop=5)
