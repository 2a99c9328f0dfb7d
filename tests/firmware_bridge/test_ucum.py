import pytest

from firmware_bridge.ucum import is_ucum


@pytest.mark.parametrize(
    "unit",
    ["1", "%", "m/s2", "m.s-2", "rad/s", "deg/s", "[g]", "m[g]", "mV", "uS", "kPa", "Cel", "/min",
     "{count}", "{raw}", "{beats}/min", "/min{beats}", "mm[Hg]", "cm[H2O]", "Ohm", "kOhm",
     "uT", "pF", "10*3/uL",
     "kg.m2/s2", "J/(kg.K)", "(m/s)2", "Hz", "[degF]", "dB[SPL]", "ug/(24.h)", "[ppm]", "nm"],
)  # fmt: skip
def test_units_of_ucum_are_known(unit):
    assert is_ucum(unit)


@pytest.mark.parametrize(
    "unit",
    ["", "furlong", "m/s^2", "m/s\u00b2", "mmHg", "bpm", "degC", "\u00b0", "m//s", "m/", "(m", "m)",
     "{a", "V V", "ohm", "k", "m2.", "Mhz", "2m", "\0"],
)  # fmt: skip
def test_other_texts_are_not(unit):
    assert not is_ucum(unit)
