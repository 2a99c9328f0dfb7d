"""Scores agree with the library that everybody uses, smoothing with its definition."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score, roc_auc_score

from wearables.activity.metrics import (
    at_temperature,
    auroc,
    calibration_error,
    fit_temperature,
    score,
)
from wearables.activity.smoothing import Succession, learn_succession, smooth


def answers(n=300):
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 4, n)
    logits = rng.normal(size=(n, 4)) + 1.5 * np.eye(4)[labels]
    return labels, at_temperature(logits, 1.0), rng.integers(0, 5, n).astype(str)


def test_scores_are_those_of_the_usual_library():
    labels, given, wearers = answers()
    found = score(labels, given, wearers, ("a", "b", "c", "d"), rng=np.random.default_rng(0))
    chosen = given.argmax(axis=1)
    assert found.macro_f1 == pytest.approx(f1_score(labels, chosen, average="macro"))
    assert found.confusion == confusion_matrix(labels, chosen).tolist()
    for wearer, value in found.wearers.items():
        own = wearers == wearer
        assert value == pytest.approx(f1_score(labels[own], chosen[own], average="macro"))
    assert found.wearers[found.worst_wearer] == min(found.wearers.values())


def test_the_area_under_the_curve_counts_ties_half():
    rng = np.random.default_rng(1)
    known, unknown = rng.integers(0, 6, 80) + 1.0, rng.integers(0, 6, 50) * 1.0
    truth = np.r_[np.ones(80), np.zeros(50)]
    assert auroc(known, unknown) == pytest.approx(roc_auc_score(truth, np.r_[known, unknown]))


def test_a_temperature_makes_overconfidence_honest():
    labels, given, _ = answers(3000)
    sure = at_temperature(np.log(given), 0.3)
    temperature = fit_temperature(labels, sure)
    honest = at_temperature(np.log(np.maximum(sure, 1e-9)), temperature)
    assert temperature > 2
    assert calibration_error(labels, honest) < 0.5 * calibration_error(labels, sure)


def test_smoothing_is_the_forward_filter():
    """Against the sum over all paths of three windows."""
    step = np.array([[0.9, 0.1], [0.3, 0.7]])
    start, prior = np.array([0.6, 0.4]), np.array([0.5, 0.5])
    told = np.array([[0.7, 0.3], [0.4, 0.6], [0.2, 0.8]])
    found = smooth(told, np.zeros(3, dtype=int), Succession(step=step, start=start, prior=prior))
    floor = told + 1e-4
    paths = np.zeros(2)
    for a in range(2):
        for b in range(2):
            for c in range(2):
                p = start[a] * floor[0, a] * step[a, b] * floor[1, b] * step[b, c] * floor[2, c]
                paths[c] += p
    np.testing.assert_allclose(found[2], paths / paths.sum(), rtol=1e-12)


def test_the_past_of_another_recording_does_not_count():
    learned = learn_succession(
        np.array([0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1]), n_classes=2, balanced=True
    )
    assert learned.step[0, 1] < 0.1
    told = np.array([[0.9, 0.1], [0.45, 0.55]])
    together = smooth(told, np.array([0, 0]), learned)
    apart = smooth(told, np.array([0, 1]), learned)
    assert together[1].argmax() == 0
    np.testing.assert_allclose(apart[1], smooth(told[1:], np.array([0]), learned)[0])
