"""Steps until rest: when cloth counts as being at rest, and what kept it from that."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fitting.drape.engine import Engine, StepRecord

N_HISTORY = 10  # steps over which the displacement of rest is measured
_LOOK_EVERY = 10  # exact looks between steps cost a tenth of a step each
_N_LIFTS = 12  # looks at a resting cloth whose edges are in the body, before it is told
_N_STILL = 3  # consecutive steps for which the conditions of rest must hold
_STEP_REST_S = 0.3  # a slower clock would call slow motion rest
_COARSE_DISPLACEMENT_M = 4e-3  # a coarser level only has to find the place
_COARSE_GROWTH = 1.3  # of its time step; on the only mesh, tight sleeves slip where it grows fast
_N_PLACED = 200  # steps for which friction may pull to where the garment was placed
_N_SOFT_LEAST = 8  # soft steps before the seams may count as pulled shut
_SOFT_MOVE_M = 5e-4  # root mean square move of a step at which they do


class Run:
    """Counters of one relaxation, and whether it is at rest."""

    def __init__(self, *, n_soft: int, coarse: bool) -> None:
        """Start counting; n_soft first steps are soft, a coarse level stops early."""
        self.n_steps = self.n_cg = self.n_capped = self.n_still = 0
        self.velocity_m_s = self.displacement_m = self.residual = float("inf")
        self.solved = self.at_rest = False
        self._n_lifts, self._capped_at = 0, -N_HISTORY
        self._n_soft, self._coarse = n_soft, coarse
        self._history: deque[NDArray[np.float64]] = deque(maxlen=N_HISTORY + 1)

    def add(self, record: "StepRecord", engine: "Engine") -> None:
        """Count one step and test the conditions of rest."""
        self.n_steps += 1
        if self.soft and self.n_steps >= _N_SOFT_LEAST:
            moved_m = record.velocity_rms_m_s * engine.step_s
            if moved_m < _SOFT_MOVE_M:
                self._n_soft = self.n_steps
        self.n_cg += record.n_cg
        self.n_capped += not record.solved
        self.solved = record.solved
        if not record.solved:
            self._capped_at = self.n_steps
        self.velocity_m_s = record.velocity_rms_m_s
        self._history.append(engine.x.copy())
        if len(self._history) > N_HISTORY:
            gone = np.linalg.norm(self._history[-1] - self._history[0], axis=1)
            # Pinned cloth would make a small piece that slides on it look still.
            self.displacement_m = float(gone.sum()) / max(int(engine.rest.free.sum()), 1)
        if self._coarse:
            self.at_rest = (
                self.n_steps >= self._n_soft + N_HISTORY
                and self.displacement_m < _COARSE_DISPLACEMENT_M
            )
            return
        self.n_still = self.n_still + 1 if self._still(engine) else 0
        if self.n_still >= _N_STILL:
            self.residual = engine.residual()
            balanced = self.residual <= engine.settings.residual_max
            self.at_rest = balanced and not self._dips(engine)

    @property
    def soft(self) -> bool:
        """Whether seams are still being pulled shut with a soft membrane."""
        return self.n_steps < self._n_soft

    def _dips(self, engine: "Engine") -> bool:
        """Whether edges still dip into the body; they are lifted, and get some steps to rise."""
        if self._n_lifts >= _N_LIFTS:
            return False
        before = engine.offset_m
        dips = engine.look_closely() > 0.5 * engine.settings.penetration_max_m
        if not dips:  # a lift that nobody needs would upset the balance just found
            engine.offset_m = before
        self._n_lifts += dips
        return dips

    def _still(self, engine: "Engine") -> bool:
        settings = engine.settings
        return (
            self.solved
            and self.n_steps >= self._n_soft + N_HISTORY
            and engine.step_s >= _STEP_REST_S * (1 - 1e-9)
            and self.velocity_m_s < settings.rest_velocity_m_s
            and self.displacement_m < settings.rest_displacement_m
        )

    def cause(self, engine: "Engine") -> str:
        """Say what kept the cloth from rest."""
        settings = engine.settings
        if self.at_rest:
            return "at rest"
        if self.n_steps - self._capped_at < N_HISTORY:
            return f"linear solve hit its cap of {settings.cg_cap} iterations"
        if engine.step_s < _STEP_REST_S * (1 - 1e-9):
            return f"time step {engine.step_s:.4g} s stayed below {_STEP_REST_S} s"
        if self.n_still >= _N_STILL:
            return (
                f"forces out of balance by {100 * self.residual:.2g} % of weight and contact, "
                f"{100 * settings.residual_max:.2g} % allowed"
            )
        return (
            f"still moving after {self.n_steps} steps: {1e3 * self.velocity_m_s:.2g} mm/s, "
            f"{1e3 * self.displacement_m:.2g} mm in {N_HISTORY} steps"
        )


def relax(
    engine: "Engine",
    *,
    n_soft: int | None = None,
    coarse: bool = False,
    progress: Callable[[int, float], None] | None = None,
) -> Run:
    """Step until rest or until the steps run out."""
    settings = engine.settings
    soft = settings.n_steps_soft if n_soft is None else n_soft
    run = Run(n_soft=soft, coarse=coarse)
    growth = max(settings.step_growth, _COARSE_GROWTH) if coarse else settings.step_growth
    while run.n_steps < settings.n_steps_max and not run.at_rest:
        engine.soft = settings.soft_stiffness if run.soft else 1.0
        if run.n_steps % _LOOK_EVERY == 1:  # there are no planes before the first step
            engine.look_closely()
        record = engine.step()
        run.add(record, engine)
        if not coarse and (run.n_still > 0 or run.n_steps == _N_PLACED):
            engine.grip.let_go(engine.x, engine.normal, engine.anchor)
        if not np.isfinite(record.velocity_rms_m_s):
            break
        if record.fraction < 0.2:
            engine.step_s = max(0.7 * engine.step_s, min(settings.step_first_s, engine.step_s))
        elif record.fraction == 1.0:
            engine.step_s = min(growth * engine.step_s, settings.step_max_s)
        if progress is not None:
            progress(run.n_steps, record.velocity_rms_m_s)
    engine.grip.let_go(engine.x, engine.normal, engine.anchor)
    return run
