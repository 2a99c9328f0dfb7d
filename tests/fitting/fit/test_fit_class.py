"""Thresholds are read from a file that a person edits, and contradictions are named."""

from itertools import pairwise

import pytest

from fitting.errors import FitClassError
from fitting.fit import Band, fit_class_names, load_fit_class
from fitting.fit.compression import compression_class, describe_compression
from fitting.fit.verdict import INSIDE, judge, misfit


@pytest.mark.parametrize("name", fit_class_names())
def test_every_threshold_that_ships_has_a_source(name):
    found = load_fit_class(name)
    assert found.intended in found.accepted
    for region, bands in {"default": found.default, **found.regions}.items():
        for quantity in bands:
            key = quantity if region == "default" else f"region.{region}.{quantity}"
            keys = (f"default.{quantity}", key)
            assert any(one in found.sources for one in keys), f"{region} {quantity} has no source"


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_class_of_ones_own_is_read(tmp_path):
    path = write(
        tmp_path,
        'intended = "close"\n[region.chest]\nease_cm = { tight = -4, close = 2, loose = 6 }\n',
    )
    found = load_fit_class(path)
    assert found.name == "mine"
    assert found.accepted == ("close",)
    band = found.bands("chest")["ease_cm"]
    assert (band.tight, band.close, band.loose) == pytest.approx((-0.04, 0.02, 0.06))
    assert found.bands("waist") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("intended = ", "cannot be read"),
        ('intended = "snug"', "'snug' is no verdict"),
        ('intended = "easy"\naccepted = "easy"', "wanted a list"),
        ('intended = "easy"\nregion = 3', "wanted tables"),
        ('intended = "easy"\n[region.wings]\n', "'wings' is not known"),
        ('intended = "easy"\n[default]\nbeauty = { tight = 1 }', "'beauty' is not known"),
        ('intended = "easy"\n[default]\nease_cm = 4', "wanted { tight"),
        ('intended = "easy"\n[default]\nease_cm = { snug = 4 }', "wanted { tight"),
        ('intended = "easy"\n[default]\nease_cm = { tight = "a" }', "wanted a number"),
        ('intended = "easy"\n[default]\nease_cm = { tight = 5, loose = 4 }', "must rise"),
        ('intended = "easy"\n[default]\npressure_mean_kpa = { tight = 1, close = 2 }', "must fall"),
        ('intended = "easy"\ndefault = 3', "wanted a table"),
    ],
)  # fmt: skip
def test_contradictions_are_sentences(tmp_path, text, said):
    with pytest.raises(FitClassError) as caught:
        load_fit_class(write(tmp_path, text))
    assert said in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_an_unknown_class_lists_the_known_ones():
    with pytest.raises(FitClassError, match="casual"):
        load_fit_class("ballgown")


EASE = Band(tight=0.0, close=0.05, loose=0.15, rises=True)
PRESSURE = Band(tight=4000.0, close=1300.0, loose=500.0)


@pytest.mark.parametrize(
    ("band", "value", "expected"),
    [
        (EASE, -0.01, "tight"), (EASE, 0.0, "close"), (EASE, 0.05, "easy"), (EASE, 0.16, "loose"),
        (PRESSURE, 4000, "tight"), (PRESSURE, 1300, "close"), (PRESSURE, 900, "easy"),
        (PRESSURE, 499, "loose"), (Band(close=0.3), 0.1, "easy"),
    ],
)  # fmt: skip
def test_a_band_has_a_verdict_for_every_value(band, value, expected):
    assert band.verdict(value) == expected


def test_misfit_grows_steadily_and_is_small_inside():
    values = [-0.2, -0.05, 0.0, 0.05, 0.10, 0.15, 0.2, 0.3]
    off = [misfit(EASE, value, "easy") for value in values]
    assert all(a > b for a, b in pairwise(off))
    assert abs(misfit(EASE, 0.10, "easy")) < INSIDE
    assert misfit(PRESSURE, 0.0, "close") < -1
    # Nothing calls little strain loose, so it cannot be too little.
    assert misfit(Band(tight=0.6, close=0.3), 0.0, "close") == 0.0
    assert misfit(Band(tight=0.6), 0.9, "close") > 0.5


def test_the_loudest_quantity_decides_and_says_so():
    casual = load_fit_class("casual")
    got = judge("chest", {"ease_cm": 0.20, "pressure_p95_kpa": 3000.0}, casual)
    assert got.verdict == "tight"
    assert got.rule == "pressure p95 3 kPa is at or above 2.5"
    assert got.misfit > 0
    assert judge("chest", {"ease_cm": 0.20}, casual).rule == "ease 20 cm is at or above 15"
    assert judge("chest", {}, casual).verdict == "none"


@pytest.mark.parametrize(
    ("pressure_pa", "expected"),
    [(1000, None), (2400, "I"), (2800, "I"), (2950, None), (3100, "II"), (4400, None),
     (5000, "III"), (6300, None), (6500, "IV"), (9000, "IV")],
)  # fmt: skip
def test_compression_classes_have_gaps_between_them(pressure_pa, expected):
    assert compression_class(pressure_pa) == expected
    said = describe_compression(pressure_pa)
    assert "mmHg" in said
    assert ("RAL-GZ 387" in said) == (expected is not None)
