"""What a worn sensor feels, against closed forms on a band round a cylinder."""

import dataclasses

import numpy as np
import pytest

from fitting.body import Body
from fitting.cloth.mesh import mesh_pattern
from fitting.cloth.sew import sewn_cloth, weld
from fitting.drape import Drape
from fitting.pattern import Pattern
from fitting.pattern.blocks.outline import Sewing, strip
from muslin.twin import SensorError, load_requirements, sensors_from_tables, twin_garment
from muslin.twin.worn.hoop import hoop_pressure, rings_of
from muslin.twin.worn.reading import PEAK_ACC_M_S2, nearest_landmark, read_worn
from muslin.twin.worn.segments import segment_at, segments_of
from muslin.twin.worn.wear import Worn

RADIUS_M, STRETCH = 0.125, 1.2
LENGTH_M, HEIGHT_M = 2 * np.pi * RADIUS_M / STRETCH, 0.04
AREA_M2 = 2 * np.pi * RADIUS_M * HEIGHT_M
PRESSURE_PA = 1200.0
ROWS = [
    {"name": "electrode", "kind": "electrode", "panel": "band", "at_cm": [0, 2],
     "size_cm": [3, 2]},
    {"name": "breath", "kind": "strain_line", "panel": "band", "path_cm": [[10, 1], [14, 3]]},
    {"name": "module", "kind": "imu", "panel": "band", "at_cm": [-8, 2], "size_cm": [3, 2.4],
     "mass_g": 10},
]  # fmt: skip


def cylinder(n_round=160, n_high=60):
    """A closed upright cylinder with the joints of a trunk."""
    angle = np.linspace(0, 2 * np.pi, n_round, endpoint=False)
    y = np.linspace(0.9, 1.5, n_high)
    ring = np.stack([np.sin(angle), np.zeros(n_round), np.cos(angle)], axis=1) * RADIUS_M
    points = (ring[None] + y[:, None, None] * np.array([0, 1, 0])).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(n_high - 1), np.arange(n_round), indexing="ij")
    a, b = i * n_round + j, i * n_round + (j + 1) % n_round
    faces = np.concatenate(
        [np.stack([a, b, b + n_round], -1), np.stack([a, b + n_round, a + n_round], -1)]
    ).reshape(-1, 3)
    joints = {"neck": np.array([0, 1.5, 0.0]), "pelvis": np.array([0, 0.9, 0.0])}
    return Body(
        vertices_m=points, faces=faces, joints_m=joints,
        landmarks_m={"navel": np.array([0.0, 1.05, RADIUS_M])}, levels_m={},
        vertex_region=np.full(len(points), 3), pose="a",
    )  # fmt: skip


@pytest.fixture(scope="module")
def worn():
    """A band, stretched by a fifth round the cylinder, that presses evenly."""
    panel = strip("band", LENGTH_M, HEIGHT_M, wrap="chest", grain_rad=0.0)
    seam = Sewing((panel,)).seam("band.end_l", "band.end_r")
    pattern = Pattern(name="band", panels=(panel,), seams=(seam,))
    flat = mesh_pattern(pattern, edge_length_m=0.008)
    welded = weld(flat, pattern)
    angle = 2 * np.pi * flat.uv_m[:, 0] / LENGTH_M
    placed = np.zeros((int(welded.max()) + 1, 3))
    placed[welded] = np.stack(
        [RADIUS_M * np.sin(angle), 1.1 + flat.uv_m[:, 1], RADIUS_M * np.cos(angle)], axis=1
    )
    cloth = sewn_cloth(flat, pattern, welded, placed, np.zeros(1, dtype=bool), fabric=0)
    files = sensors_from_tables({"sensor": ROWS})
    garment = dataclasses.replace(twin_garment("chest_band"), plans=files.plans)
    bare = Worn(
        garment=garment, body=cylinder(), pattern=pattern, cloth=cloth, fabric=garment.fabric,
        drape=rest_of(placed, np.zeros(len(placed))),
    )  # fmt: skip
    force = PRESSURE_PA * bare.fit.vertex_area_m2
    return dataclasses.replace(bare, drape=rest_of(placed, force))


def rest_of(positions, force, *, anchors=None, converged=True):
    values = {field.name: 0 for field in dataclasses.fields(Drape)}
    values |= {
        "positions_m": positions, "contact_force_n": force, "converged": converged,
        "anchors_m": positions if anchors is None else anchors, "cause": "at rest",
    }  # fmt: skip
    return Drape(**values)


def reading(worn, name):
    return next(r for r in read_worn(worn) if r.sensor.name == name)


def test_even_pressure_is_read_as_it_is(worn):
    found = reading(worn, "electrode")
    assert found.pressure_mean_pa == pytest.approx(PRESSURE_PA, rel=1e-6)
    assert found.pressure_least_pa == pytest.approx(PRESSURE_PA, rel=1e-6)
    assert found.contact_share == pytest.approx(1.0)
    assert found.verdict == "works"


def test_position_and_normal_lie_on_the_skin(worn):
    found = reading(worn, "electrode")
    np.testing.assert_allclose(found.point_m, [0, 1.12, RADIUS_M], atol=1e-3)
    np.testing.assert_allclose(found.normal, [0, 0, 1], atol=0.02)
    assert found.place == "7.0 cm above the navel"
    assert found.landmark_m == pytest.approx(0.07, abs=1e-3)
    assert found.segment == "trunk"


def test_strain_of_a_slanted_line_is_that_of_its_way(worn):
    """Stretched by a fifth round, kept upward."""
    way = np.array([4.0, 2.0]) / np.hypot(4, 2)
    expected = np.hypot(way[0] * STRETCH, way[1]) - 1
    assert reading(worn, "breath").strain == pytest.approx(expected, abs=2e-3)


def test_an_upright_module_has_no_tilt_and_a_turned_one_has(worn):
    assert reading(worn, "module").tilt_rad == pytest.approx(0.0, abs=1e-3)
    rows = [{**ROWS[2], "turn_deg": 25}]
    plans = sensors_from_tables({"sensor": rows}).plans
    turned = dataclasses.replace(worn, garment=dataclasses.replace(worn.garment, plans=plans))
    # The stretch of a fifth turns the axis on.
    expected = np.arctan2(np.sin(np.radians(25)), STRETCH * np.cos(np.radians(25)))
    assert reading(turned, "module").tilt_rad == pytest.approx(expected, abs=0.01)


def test_the_slip_margin_of_a_module_is_its_friction_over_its_weight_when_shaken(worn):
    grip = worn.fabric.friction_skin * PRESSURE_PA * 0.03 * 0.024 * STRETCH
    expected = grip / (0.010 * PEAK_ACC_M_S2)
    assert reading(worn, "module").slip_margin == pytest.approx(expected, rel=1e-2)


def test_what_the_skin_holds_counts_against_the_margin(worn):
    """Everywhere half a slip downward: half the friction is used up."""
    anchors = worn.drape.positions_m + np.array([0, 1.5e-4, 0])
    pulled = dataclasses.replace(
        worn, drape=rest_of(worn.drape.positions_m, worn.drape.contact_force_n, anchors=anchors)
    )
    assert reading(pulled, "electrode").slip_margin == pytest.approx(2.0, rel=1e-2)
    assert reading(worn, "electrode").slip_margin == np.inf


def test_half_a_contact_is_half_a_share(worn):
    x = worn.drape.positions_m
    force = np.where(x[:, 0] > 0, worn.drape.contact_force_n, 0.0)
    half = dataclasses.replace(worn, drape=rest_of(x, force))
    found = reading(half, "electrode")
    assert found.contact_share == pytest.approx(0.5, abs=0.12)
    assert found.pressure_mean_pa == pytest.approx(PRESSURE_PA / 2, rel=0.25)
    assert "too low" in found.verdict


@pytest.mark.parametrize(("factor", "word"), [(0.5, "too low"), (2.0, "too high")])
def test_a_verdict_tells_the_number_and_the_range(worn, factor, word):
    other = dataclasses.replace(
        worn, drape=rest_of(worn.drape.positions_m, worn.drape.contact_force_n * factor)
    )
    found = reading(other, "electrode")
    assert not found.works
    assert found.verdict == f"{1.2 * factor:.3g} kPa mean pressure, {word}: 1 to 1.5 wanted"
    judged = found.to_json()["judgements"]
    assert {j["quantity"]: j["verdict"] for j in judged}["pressure_mean_pa"] == word
    assert all(j["source"] for j in judged)


def test_a_drape_that_is_not_at_rest_gives_no_verdict(worn):
    moving = dataclasses.replace(
        worn, drape=rest_of(worn.drape.positions_m, worn.drape.contact_force_n, converged=False)
    )
    found = reading(moving, "electrode")
    assert not found.works
    assert found.judgements == ()
    assert "not at rest" in found.verdict
    assert found.to_json()["works"] is None


def test_an_unknown_requirement_lists_the_known_ones(worn):
    rows = [{**ROWS[0], "requirement": "magic"}]
    plans = sensors_from_tables({"sensor": rows}).plans
    odd = dataclasses.replace(worn, garment=dataclasses.replace(worn.garment, plans=plans))
    with pytest.raises(SensorError, match="textile_ecg"):
        read_worn(odd, requirements=load_requirements())


def test_laplace_of_a_strip_is_its_tension_over_the_radius(worn):
    """Free across: uniaxial stiffness, on what is left of the width."""
    card, strain = worn.fabric, STRETCH - 1
    narrower = card.tensile_coupling_n_m / card.tensile_weft_n_m * strain
    tension = card.tensile_warp_n_m * strain - card.tensile_coupling_n_m * narrower
    expected = tension / (1 - narrower) / RADIUS_M
    found = hoop_pressure(card, LENGTH_M, 2 * np.pi * RADIUS_M, grain_rad=0.0)
    assert found == pytest.approx(expected, rel=1e-12)
    assert hoop_pressure(card, 1.0, 0.9, grain_rad=0.0) == 0


def test_rings_find_girth_roundness_and_pressure(worn):
    for ring in rings_of(worn, n_rings=4):
        assert ring.cloth_m == pytest.approx(LENGTH_M, rel=1e-6)
        assert ring.girth_m == pytest.approx(2 * np.pi * RADIUS_M, rel=1e-3)
        assert ring.roundness == pytest.approx(1.0, abs=1e-3)
        assert ring.taper_rad == pytest.approx(0.0, abs=1e-3)
        assert ring.pressure_pa == pytest.approx(PRESSURE_PA, rel=1e-6)


def test_places_are_told_by_their_two_largest_directions():
    marks = {"fifth_rib_l": np.zeros(3), "navel": np.array([0, -0.3, 0])}
    key, distance_m, words = nearest_landmark(np.array([0.03, -0.02, 0.01]), marks)
    assert (key, words) == ("fifth_rib_l", "3.0 cm left and 2.0 cm below the fifth rib, left")
    assert distance_m == pytest.approx(np.sqrt(0.0014))
    assert nearest_landmark(np.array([0.001, 0, 0]), marks)[2] == "on the fifth rib, left"
    assert nearest_landmark(np.zeros(3), {}) == ("", 0.0, "")


def test_a_body_without_joints_has_no_segment():
    bare = dataclasses.replace(cylinder(), joints_m={})
    assert segments_of(bare) == ()
    assert segment_at(bare, np.zeros(3)) is None
