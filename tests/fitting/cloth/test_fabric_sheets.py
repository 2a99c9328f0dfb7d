"""Laboratory sheets become SI, every number with its source; odd numbers are named."""

import dataclasses
from dataclasses import replace

import pytest

from fitting.cloth import fabric_cards, fabric_names, load_fabric
from fitting.cloth.fabric_cards import card_text
from fitting.cloth.fabric_prior import check_fabric
from fitting.cloth.fabric_sheets import (
    bending_from_length_n_m,
    drape_coefficient,
    fabric_from_sheet,
    read_sheet,
    shear_from_bias_n_m_rad,
    sheet_drape,
)
from fitting.errors import FabricError


def sheet(tmp_path, text):
    path = tmp_path / "sheet.csv"
    path.write_text("quantity,warp,weft\n" + text, encoding="utf-8")
    return path


def test_kes_units_become_si(tmp_path):
    # 20 mg/cm2; 0.10 and 0.08 gf cm2/cm; 0.8 gf/(cm deg); 5 and 10 % at 500 gf/cm; 0.9 mm.
    path = sheet(tmp_path, "W,20\nB,0.10,0.08\nG,0.8\nEMT,5,10\nT0,0.9\n")
    card = fabric_from_sheet(read_sheet(path), name="mine")
    assert card.area_density_kg_m2 == pytest.approx(0.2)
    assert card.bending_warp_n_m == pytest.approx(9.80665e-6)
    assert card.bending_weft_n_m == pytest.approx(7.84532e-6)
    assert card.bending_twist_n_m == pytest.approx((9.80665e-6 + 7.84532e-6) / 4)
    assert card.shear_n_m_rad == pytest.approx(0.8 * 56.19, rel=1e-3)
    assert card.tensile_warp_n_m == pytest.approx(490.3325 / 0.05)
    assert card.tensile_weft_n_m == pytest.approx(490.3325 / 0.10)
    assert card.thickness_m == pytest.approx(9e-4)
    assert "KES-F2 B" in card.provenance["bending_warp_n_m"]
    assert card.provenance["friction_skin"].startswith("estimated")


def test_fast_units_become_si(tmp_path):
    # 250 g/m2; 22 and 18 mm bending length; 2 and 4 % at 100 gf/cm; 3 % on the bias; 0.6 mm.
    path = sheet(tmp_path, "W,250\nC,22,18\nE100,2,4\nEB5,3\nT2,0.6\n")
    card = fabric_from_sheet(read_sheet(path), name="mine", base="wool_suiting")
    assert card.bending_warp_n_m == pytest.approx(9.81e-12 * 250 * 22**3, rel=1e-3)
    assert card.tensile_warp_n_m == pytest.approx(98.0665 / 0.02)
    assert card.shear_n_m_rad == pytest.approx(122.6 / 3, rel=1e-3)
    assert card.thickness_m == pytest.approx(6e-4)


def test_conversions_invert():
    stiffness = bending_from_length_n_m(0.2, 0.02)
    assert (stiffness / 9.80665 / 0.2) ** (1 / 3) == pytest.approx(0.02)
    assert 4.903325 / 4 / shear_from_bias_n_m_rad(0.05) == pytest.approx(0.05)
    assert drape_coefficient(254.47) == pytest.approx(0.0)
    assert drape_coefficient(706.86) == pytest.approx(1.0)


@pytest.mark.parametrize(("text", "wanted"), [
    ("shadow_cm2,480.665\nW,160\n", 0.5), ("DC,62\n", 0.62), ("DC,0.62\n", 0.62)
])  # fmt: skip
def test_cusick_sheets_give_the_drape_coefficient(tmp_path, text, wanted):
    found = read_sheet(sheet(tmp_path, text))
    assert found.method == "cusick"
    assert sheet_drape(found) == pytest.approx(wanted, abs=1e-4)
    assert fabric_from_sheet(found, name="mine").name == "mine"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("W,heavy\n", "line 2"),
        ("W,-3\n", "line 2"),
        ("W,20\nB,0.1\nEMT,5\nSOFT,3\n", "no SOFT"),
        ("SOFT,3\n", "no quantity of KES-F"),
        ("C,22\nE100,2\n", "needs the mass"),
        ("shadow_cm2,900\n", "outside 0 to 1"),
    ],
)
def test_bad_sheets_are_refused(tmp_path, text, said):
    def card():
        read = read_sheet(sheet(tmp_path, text))
        sheet_drape(read)
        return fabric_from_sheet(read, name="mine")

    with pytest.raises(FabricError, match=said):
        card()


def test_a_missing_sheet_is_named(tmp_path):
    with pytest.raises(FabricError, match="none"):
        read_sheet(tmp_path / "none.csv")


def test_cards_that_ship_are_ordinary_and_cover_the_range():
    cards = [load_fabric(name) for name in fabric_names()]
    assert len(cards) >= 12
    assert not [str(f) for card in cards for f in check_fabric(card)]
    masses = [card.area_density_kg_m2 for card in cards]
    assert min(masses) < 0.07
    assert max(masses) >= 0.4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("area_density_kg_m2", 16.0),
        ("thickness_m", 0.6),
        ("bending_warp_n_m", 0.01),
        ("tensile_warp_n_m", 2e5),
        ("tensile_weft_n_m", 30.0),
    ],
)
def test_a_wrong_unit_is_hard_to_believe(field, value):
    card = dataclasses.replace(load_fabric("cotton_jersey"), **{field: value})
    assert check_fabric(card)


def test_a_written_card_reads_back(tmp_path):
    card = load_fabric("wool_suiting")
    path = tmp_path / "again.toml"
    path.write_text(card_text(card, notes=("once more",)), encoding="utf-8")
    again = load_fabric(str(path))
    assert dataclasses.replace(again, provenance={}) == dataclasses.replace(card, provenance={})


def test_other_packages_bring_fabrics(tmp_path, monkeypatch):
    (tmp_path / "lab_wool.toml").write_text(
        card_text(dataclasses.replace(load_fabric("wool_suiting"), name="lab_wool")),
        encoding="utf-8",
    )

    class Entry:
        name = "lab"

        def load(self):
            return lambda: tmp_path

    monkeypatch.setattr(fabric_cards, "entry_points", lambda *, group: [Entry()])
    assert "lab_wool" in fabric_names()
    assert load_fabric("lab_wool").name == "lab_wool"
    monkeypatch.setattr(Entry, "load", lambda self: tmp_path / "gone")
    with pytest.raises(FabricError, match="no folder"):
        fabric_names()


def test_a_measured_curve_is_written_and_reads_back(tmp_path):
    card = replace(load_fabric("cotton_jersey"), curve_warp=((0.0, 0.0), (0.1, 12.5), (0.3, 80.0)))
    path = tmp_path / "knit.toml"
    path.write_text(card_text(card), encoding="utf-8")
    assert load_fabric(str(path)).curve_warp == card.curve_warp
    assert load_fabric(str(path)).curve_weft == ()
