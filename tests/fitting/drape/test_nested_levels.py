"""Nested meshes: the cascade over them, and the multigrid solver."""

import subprocess
import sys
from pathlib import Path

import ipctk
import numpy as np
import pytest
import shapes
from scipy import sparse

from fitting.drape import DrapeSettings, drape
from fitting.drape.cascade import build_engine


def flag():
    uv, faces = shapes.sheet(7, 6, 0.02)
    return shapes.make_cloth(np.c_[uv, np.zeros(len(uv))], faces, uv, pinned=[0, 1, 2])


def dense(engine):
    """The matrix of the finest level."""
    system, levels = engine.kernels, engine.rest.levels
    n = int(levels.starts[1])
    blocks = system._val.reshape(-1, 3, 4)[:, :, :3].transpose(0, 2, 1)
    stop = levels.ptr[n]
    shape = (3 * n, 3 * n)
    matrix = sparse.bsr_matrix((blocks[:stop], levels.col[:stop], levels.ptr[: n + 1]), shape=shape)
    stop = levels.bptr[n]
    bend = sparse.csr_matrix((levels.bval[:stop], levels.bcol[:stop], levels.bptr[: n + 1]))
    return matrix.toarray() + sparse.kron(bend, sparse.eye(3)).toarray()


@pytest.mark.parametrize("n_times", [0, 2])
def test_multigrid_solves_what_a_direct_solver_solves(n_times):
    cloth = shapes.nested(flag(), n_times)
    engine = build_engine(cloth, None, [shapes.fabric()], settings=DrapeSettings())
    engine.x += np.random.default_rng(0).normal(scale=1e-3 / 2**n_times, size=engine.x.shape)
    gradient = engine._assemble(hessian=True)
    gradient[~engine.rest.free] = 0
    engine.kernels.own[:, [0, 3, 5]] += 0.1
    engine.kernels.assemble()
    move, n_cg, error = engine.kernels.solve(gradient, tolerance=1e-5, cap=500)
    matrix = dense(engine)
    free = np.repeat(engine.rest.free, 3)
    want = np.zeros(3 * len(engine.x))
    want[free] = np.linalg.solve(matrix[np.ix_(free, free)], -gradient.ravel()[free])
    assert error <= 1e-5
    np.testing.assert_allclose(move.ravel(), want, atol=2e-3 * np.abs(want).max())
    assert n_cg < (120 if n_times == 0 else 60)


def test_rows_whose_neighbours_are_in_other_parts_of_the_smoother_do_not_spoil_the_solution():
    uv, faces = shapes.sheet(27, 26, 0.03)
    flat = np.c_[uv, np.zeros(len(uv))]
    # Rows are sorted by place: cloth in a heap has its neighbours all over them.
    heap = np.random.default_rng(0).normal(size=flat.shape)
    levels = shapes.nested(shapes.make_cloth(heap, faces, uv, pinned=[0, 1, 2]), 1)
    engine = build_engine(levels, None, [shapes.fabric()], settings=DrapeSettings())
    x = (levels.prolongations[0] @ flat)[engine.rest.order]
    x[:, 2] += 0.02 * np.sin(40 * x[:, 0]) * np.cos(30 * x[:, 1])
    engine.x[:] = x
    gradient = engine._assemble(hessian=True)
    gradient[~engine.rest.free] = 0
    engine.kernels.own[:, [0, 3, 5]] += 1e-4
    engine.kernels.assemble()
    _, n_cg, error = engine.kernels.solve(gradient, tolerance=1e-2, cap=600)
    assert error <= 1e-2
    assert n_cg < 60


def test_pushes_are_solved_with_their_true_stiffness():
    cloth = shapes.nested(flag(), 1)
    engine = build_engine(cloth, None, [shapes.fabric()], settings=DrapeSettings())
    gradient = engine._assemble(hessian=True)
    gradient[~engine.rest.free] = 0
    rows, weights = np.array([[40, 50, 60, 70]]), np.array([[1.0, -0.2, -0.3, -0.5]])
    normals, stiff = np.array([[0.0, 0.6, 0.8]]), np.array([30.0])
    n = normals[0]
    engine.kernels.own[:, [0, 3, 5]] += 0.1
    bound = 2 * np.abs(weights[0]) * stiff[0]
    pairs = [n[i] * n[j] for i in range(3) for j in range(i, 3)]
    engine.kernels.own[rows[0]] += bound[:, None] * pairs
    engine.kernels.assemble()
    move, _, error = engine.kernels.solve(
        gradient, tolerance=1e-6, cap=500, pushes=(rows, weights, normals, stiff)
    )
    assert error <= 1e-6
    matrix = dense(engine)
    column = np.zeros((len(engine.x), 3))
    for i, w, b in zip(rows[0], weights[0], bound, strict=True):
        column[i] = w * n
        matrix[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] -= b * np.outer(n, n)
    matrix += stiff[0] * np.outer(column.ravel(), column.ravel())
    free = np.repeat(engine.rest.free, 3)
    want = np.zeros(3 * len(engine.x))
    want[free] = np.linalg.solve(matrix[np.ix_(free, free)], -gradient.ravel()[free])
    np.testing.assert_allclose(move.ravel(), want, atol=2e-3 * np.abs(want).max())


def test_iterations_do_not_grow_with_the_mesh():
    counts = []
    for n_times in (1, 3):
        cloth = shapes.nested(flag(), n_times)
        engine = build_engine(cloth, None, [shapes.fabric()], settings=DrapeSettings())
        gradient = engine._assemble(hessian=True)
        gradient[~engine.rest.free] = 0
        engine.kernels.own[:, [0, 3, 5]] += engine.rest.mass_kg[:, None] / 0.3**2
        engine.kernels.assemble()
        counts.append(engine.kernels.solve(gradient, tolerance=1e-2, cap=500)[1])
    assert counts[1] <= 2 * counts[0] + 2


def test_soft_steps_end_where_nothing_moves():
    settings = DrapeSettings(gravity_m_s2=0.0, n_steps_soft=40, step_first_s=0.3)
    d = drape(flag(), None, [shapes.fabric()], settings=settings, rng=np.random.default_rng(0))
    assert d.converged, d.cause
    assert d.n_steps < 40


def test_the_cascade_ends_free_of_crossings_and_balanced():
    uv, faces = shapes.sheet(9, 10, 0.025)
    half = uv.max(axis=0) / 2
    at = np.c_[uv[:, 0] - half[0], np.full(len(uv), 0.052), half[1] - uv[:, 1]]
    cloth = shapes.nested(shapes.make_cloth(at, faces, uv), 2)
    body = shapes.body_of(*shapes.ellipsoid(0.05, 0.05, 0.05, n=3))
    d = drape(cloth, body, [shapes.fabric()], rng=np.random.default_rng(0))
    assert d.converged, d.cause
    assert d.residual <= 1e-2
    assert d.n_inside == 0
    fine = cloth.finest
    mesh = ipctk.CollisionMesh(fine.positions_m, ipctk.edges(fine.faces), fine.faces)
    assert not ipctk.has_intersections(mesh, d.positions_m)


PROGRAM = """
import sys
import numpy as np
sys.path.insert(0, {folder!r})
import shapes
from fitting.drape import DrapeSettings, drape
uv, faces = shapes.sheet(9, 9, 0.03)
at = np.c_[uv[:, 0] - 0.12, np.full(len(uv), 0.104), 0.1 - uv[:, 1]]
cloth = shapes.nested(shapes.make_cloth(at, faces, uv), 3)
body = shapes.body_of(*shapes.ellipsoid(0.1, 0.1, 0.1, n=3))
for n in (1, 2, 4):
    settings = DrapeSettings(n_threads=n, n_steps_max=14, n_steps_soft=4)
    d = drape(cloth, body, [shapes.fabric()], settings=settings, rng=np.random.default_rng(0))
    print(len(at), d.n_cg, d.positions_m.tobytes().hex()[-4000:])
"""


def test_one_two_and_four_threads_give_the_same_bits():
    program = PROGRAM.format(folder=str(Path(__file__).parent))
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True,
        env={"NUMBA_NUM_THREADS": "4", "PYTHONPATH": str(Path(__file__).parents[3]), "PATH": ""},
    )  # fmt: skip
    one, two, four = run.stdout.splitlines()
    assert one == two == four
