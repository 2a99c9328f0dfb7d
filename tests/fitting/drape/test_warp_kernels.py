"""The GPU's kernels say what the processor's say; also on warp's own processor device."""

import numpy as np
import pytest
import shapes

from fitting.drape import DrapeSettings, drape
from fitting.drape.cascade import build_engine
from fitting.errors import DrapeError

wp = pytest.importorskip("warp")
CUDA = pytest.param(
    "cuda",
    marks=[
        pytest.mark.gpu,
        pytest.mark.skipif(wp.get_cuda_device_count() == 0, reason="no NVIDIA GPU here"),
    ],
)
devices = pytest.mark.parametrize("device", ["warp-cpu", CUDA])
CURVE = ((0.0, 0.0), (0.05, 10.0), (0.2, 120.0))


def ball():
    return shapes.body_of(*shapes.ellipsoid(0.06, 0.05, 0.055, n=3))


def over_ball(*, n_times, n=9, edge=0.02, gap=1.3e-3):
    uv, faces = shapes.sheet(n, n, edge)
    half = uv.max(axis=0) / 2
    at = np.c_[uv[:, 0] - half[0], np.full(len(uv), 0.05 + gap), half[1] - uv[:, 1]]
    return shapes.nested(shapes.make_cloth(at, faces, uv), n_times)


def both(device, fabric=None, **changes):
    """One scene on the processor and on the device, moved out of its flat shape."""
    cloth, made = over_ball(n_times=2, n=5, edge=0.03), []
    shift = np.random.default_rng(1).normal(scale=4e-4, size=(len(cloth.finest.positions_m), 3))
    settings = DrapeSettings(self_collision=False, **changes)
    for where in ("cpu", device):
        engine = build_engine(
            cloth, ball(), [fabric or shapes.fabric()], settings=settings, device=where
        )
        engine.x += shift[engine.rest.order]
        engine.look_around()
        made.append(engine)
    return made


@devices
@pytest.mark.parametrize(
    ("fabric", "seam"),
    [(shapes.fabric(), 0.0), (shapes.fabric(curve_warp=CURVE, curve_weft=CURVE), 30.0)],
)
def test_forces_and_energy_agree_to_rounding(device, fabric, seam):
    ours, theirs = both(device, fabric, seam_stiffness_n=seam)
    a, b = (e.kernels.elastic(e.x, e.load_n, soft=0.7, hessian=True) for e in (ours, theirs))
    np.testing.assert_allclose(b, a, atol=1e-12 * np.abs(a).max())
    a, b = (e.kernels.membrane_energy(e.x, soft=0.7) for e in (ours, theirs))
    assert b == pytest.approx(a, rel=1e-12)


@devices
def test_distances_and_normals_agree(device):
    ours, theirs = both(device)
    assert (ours.phi < 0.004).any()
    np.testing.assert_allclose(theirs.phi, ours.phi, atol=1e-7)
    # Where two triangles are equally near, either may answer.
    assert np.median(np.abs(theirs.normal - ours.normal)) < 1e-9
    deep = ours.x - 0.02 * np.array([0.0, 1.0, 0.0])
    for engine in (ours, theirs):
        engine.x[:] = deep
        engine.fresh[:] = True
        engine.look_around()
    assert (ours.phi < -0.01).any()
    np.testing.assert_allclose(theirs.phi, ours.phi, atol=1e-7)


@devices
def test_one_newton_step_agrees(device):
    moves = []
    for engine in both(device):
        gradient = engine._assemble(hessian=True)
        engine.kernels.own[:, [0, 3, 5]] += (engine.rest.mass_kg / 0.05**2)[:, None]
        engine.kernels.assemble()
        move, n_cg, error = engine.kernels.solve(gradient, tolerance=1e-6, cap=400)
        assert error <= 1e-6
        assert n_cg < 120
        moves.append(move)
    np.testing.assert_allclose(moves[1], moves[0], atol=1e-4 * np.abs(moves[0]).max())


@devices
def test_a_cloth_comes_to_the_same_rest(device):
    results = [
        drape(
            over_ball(n_times=1), ball(), [shapes.fabric(bending_warp_n_m=2e-4,
            bending_weft_n_m=2e-4, bending_twist_n_m=1e-4)], device=where,
            rng=np.random.default_rng(0),
        )
        for where in ("cpu", device)
    ]  # fmt: skip
    for d in results:
        assert d.converged, d.cause
    a, b = results
    assert np.linalg.norm(a.positions_m - b.positions_m, axis=1).mean() < 1e-3
    assert b.contact_force_n.sum() == pytest.approx(a.contact_force_n.sum(), rel=0.02)


@pytest.mark.skipif(wp.get_cuda_device_count() > 0, reason="a GPU is here")
def test_without_a_gpu_one_sentence_says_so():
    with pytest.raises(DrapeError, match="'cuda' was asked for, but here is no NVIDIA GPU"):
        drape(
            over_ball(n_times=0), ball(), [shapes.fabric()], device="cuda",
            rng=np.random.default_rng(0),
        )  # fmt: skip


def test_a_device_that_does_not_exist_is_refused():
    with pytest.raises(DrapeError, match="'tpu' was asked for; 'cpu', 'cuda'"):
        build_engine(
            over_ball(n_times=0), None, [shapes.fabric()], settings=DrapeSettings(), device="tpu"
        )
