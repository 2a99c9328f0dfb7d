"""Cloth that a coarse mesh led into the body gets a second try from a finer one."""

import numpy as np
import pytest
import shapes

from fitting.drape import DrapeSettings, drape, tries

COARSE = 21  # vertices along a side: the coarse mesh is not too small to be used


def over_ball():
    uv, faces = shapes.sheet(COARSE, COARSE, 0.012)
    half = uv.max(axis=0) / 2
    at = np.c_[uv[:, 0] - half[0], np.full(len(uv), 0.0513), half[1] - uv[:, 1]]
    return shapes.nested(shapes.make_cloth(at, faces, uv), 1)


def draped(monkeypatch, *, fails):
    """Drape a square over a ball; tries of the given numbers end 4 mm lower, in the ball."""
    ours, made = tries.cascade, []

    def lowered(scene, *, n_left_out=0, progress=None):
        engine, run, coarse = ours(scene, n_left_out=n_left_out, progress=progress)
        made.append((n_left_out, len(coarse)))
        if len(made) in fails:
            engine.x[:, 1] -= 0.004
            engine.fresh[:] = True
        return engine, run, coarse

    monkeypatch.setattr(tries, "cascade", lowered)
    result = drape(
        over_ball(), shapes.body_of(*shapes.ellipsoid(0.05, 0.05, 0.05)), [shapes.fabric()],
        settings=DrapeSettings(), rng=np.random.default_rng(0),
    )  # fmt: skip
    return result, made


@pytest.mark.parametrize(
    ("fails", "wanted"), [((), [(0, 1)]), ((1,), [(0, 1), (1, 0)]), ((1, 2), [(0, 1), (1, 0)])]
)
def test_what_ends_in_the_body_is_tried_once_more_without_the_coarsest_mesh(
    monkeypatch, fails, wanted
):
    result, made = draped(monkeypatch, fails=fails)
    assert made == wanted
    assert result.converged is (len(fails) < 2)
    if fails == (1, 2):
        assert "inside the body" in result.cause
        assert result.n_steps_coarse > 0
