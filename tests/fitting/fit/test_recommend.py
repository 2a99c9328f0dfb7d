"""Sizes are ranked by what the regions say, and by how sure the tape is."""

import dataclasses

import numpy as np
import pytest
from tubes import RADIUS_M, tube

from fitting.body import Body
from fitting.cloth import load_fabric
from fitting.errors import FitClassError
from fitting.fit import fit_map, fit_report, load_fit_class
from fitting.fit.recommend import recommend

JERSEY = load_fabric("cotton_jersey")
BODY_GIRTH_M = 2 * np.pi * RADIUS_M


def report(resting, ease_cm, *, fit_class="casual", converged=True):
    """A tube with some ease on a cylinder; where it is too small it is stretched to the skin."""
    skin = tube(RADIUS_M, rest_radius_m=RADIUS_M, y0=0.5, height_m=1.2)
    body = Body(
        vertices_m=skin.positions_m, faces=skin.faces, joints_m={}, landmarks_m={},
        levels_m={"bust_girth": 1.15}, vertex_region=np.full(len(skin.positions_m), 3), pose="a",
    )  # fmt: skip
    rest_m = (BODY_GIRTH_M + ease_cm / 100) / (2 * np.pi)
    cloth = tube(max(rest_m, RADIUS_M + 0.001), rest_radius_m=rest_m)
    drape = dataclasses.replace(resting(cloth.positions_m), converged=converged, cause="moving")
    fit = fit_map(cloth, drape, body, (JERSEY,))
    meant = load_fit_class(fit_class)
    return fit_report(cloth, drape, body, (JERSEY,), fit, fit_class=meant)


def answer(resting, eases, *, sd_cm=1.0, **more):
    reports = {name: report(resting, ease, **more) for name, ease in eases.items()}
    return recommend(
        reports, uncertainty_m={"bust_girth": sd_cm / 100}, rng=np.random.default_rng(0)
    )


def test_the_size_with_the_intended_ease_is_taken(resting):
    got = answer(resting, {"S": 2.0, "M": 9.5, "L": 18.0})
    assert got.best == got.nearest == "M"
    assert {size.name: size.fits for size in got.sizes} == {"S": True, "M": True, "L": False}
    middle = next(size for size in got.sizes if size.name == "M")
    assert middle.probability > 0.95
    large = next(size for size in got.sizes if size.name == "L")
    assert large.limiting == "chest"
    assert "loose" in large.reason
    assert "18" in large.reason
    assert got.margin > 0
    assert "M fits" in got.because


def test_a_tape_that_is_less_sure_makes_the_choice_less_sure(resting):
    eases = {"S": 4.0, "M": 8.0, "L": 12.0}
    sure, unsure = (answer(resting, eases, sd_cm=sd) for sd in (0.3, 4.0))
    best = [max(size.probability for size in got.sizes) for got in (sure, unsure)]
    assert best[0] > best[1]
    for got in (sure, unsure):
        total = sum(size.probability for size in got.sizes) + got.none_fits_probability
        assert total == pytest.approx(1.0)


def test_no_size_fits_is_an_answer(resting):
    got = answer(resting, {"S": -14.0, "M": -9.0})
    assert got.best is None
    assert got.nearest == "M"
    assert "no size fits" in got.because
    assert got.none_fits_probability > 0.95
    numbers = got.to_json()
    assert numbers["recommended"] is None
    assert numbers["sizes"][0]["regions"]["chest"]["verdict"] == "tight"


def test_what_did_not_come_to_rest_is_no_choice(resting):
    got = answer(resting, {"S": 6.0, "M": 9.0}, converged=False)
    assert got.best is None
    assert got.nearest is None
    assert "no drape came to rest" in got.because
    reports = {"S": report(resting, 9.0, converged=False), "M": report(resting, 12.0)}
    got = recommend(reports, uncertainty_m={}, rng=np.random.default_rng(0))
    assert got.best == "M"


def test_sizes_of_one_run_are_judged_alike(resting):
    with pytest.raises(FitClassError, match="at least one"):
        recommend({}, uncertainty_m={}, rng=np.random.default_rng(0))
    mixed = {"S": report(resting, 4.0), "M": report(resting, 8.0, fit_class="base_layer")}
    with pytest.raises(FitClassError, match="base_layer, casual"):
        recommend(mixed, uncertainty_m={}, rng=np.random.default_rng(0))
