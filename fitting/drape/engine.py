"""One time step after another: implicit Euler, one Newton step with a line search each."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fitting.drape.audit import crossing_pairs
from fitting.drape.contact import contact_assemble, contact_energy, contact_forces, move_anchors
from fitting.drape.linear import invert_diagonal, solve
from fitting.drape.membrane import membrane_assemble, membrane_energy
from fitting.drape.rest import RestShape
from fitting.drape.sdf import DistanceTree, signed_distance, update_planes
from fitting.drape.selfcontact import find_pairs, limit_step, push_assemble, push_energy
from fitting.drape.settings import DrapeSettings

_REACH_M = 0.04  # planes are kept fresh within this distance of the skin
_N_ACTIVE_SETS = 2
_ARMIJO = 1e-4
_ROUNDING = 1e-12
_N_HALVINGS = 5
_RADIUS_EDGES = 0.8  # candidates explode when the search radius nears the edge length
_LIFT_MAX_M = 3e-3
_LIFT_CLEAR_M = 3e-4  # air that edges and triangles get, so that the next step keeps them out
_PUSH_SHARE = 0.1  # cloth is softer than skin contact, so that the bound on its Hessian is mild


@dataclass(slots=True, kw_only=True)
class StepRecord:
    """What one step did.

    Attributes:
        n_cg: Iterations of the linear solve.
        solved: Whether it met its tolerance.
        fraction: Share of the Newton step taken, no unit.
        velocity_rms_m_s: Root mean square velocity of the whole Newton step, before it is cut:
            a line search that fails must not look like rest.
        clamped: Whether the step was shortened to its largest displacement.
    """

    n_cg: int
    solved: bool
    fraction: float
    velocity_rms_m_s: float
    clamped: bool


@dataclass(slots=True, kw_only=True)
class Engine:
    """The moving cloth; positions and velocities change in place.

    Attributes:
        rest: What does not change.
        tree: Distance to the body; None where there is none.
        settings: Settings of the run.
        x: Positions, shape (n_vertices, 3) [m].
        load_n: Constant force per vertex, gravity included, shape (n_vertices, 3).
        step_s: Current time step.
        soft: Current share of the membrane stiffness, no unit.
    """

    rest: RestShape
    tree: DistanceTree | None
    settings: DrapeSettings
    x: NDArray[np.float64]
    load_n: NDArray[np.float64]
    step_s: float
    soft: float = 1.0
    velocity: NDArray[np.float64] = field(init=False)
    anchor: NDArray[np.float64] = field(init=False)
    phi: NDArray[np.float64] = field(init=False)
    normal: NDArray[np.float64] = field(init=False)
    origin: NDArray[np.float64] = field(init=False)
    hint: NDArray[np.int64] = field(init=False)
    fresh: NDArray[np.bool_] = field(init=False)
    force: NDArray[np.float64] = field(init=False)
    stiffness: NDArray[np.float64] = field(init=False)
    bend: sparse.csr_matrix = field(init=False)
    pairs: tuple[NDArray, NDArray, NDArray, NDArray] | None = field(init=False, default=None)
    push: float = field(init=False)
    offset_m: NDArray[np.float64] = field(init=False)
    tangled: NDArray[np.bool_] = field(init=False)
    expected: NDArray[np.bool_] = field(init=False)
    radius_m: float = field(init=False)
    radius_max_m: float = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.x)
        rest = self.rest
        self.velocity, self.anchor = np.zeros((n, 3)), self.x.copy()
        self.phi, self.normal = np.full(n, np.inf), np.zeros((n, 3))
        self.origin, self.hint = self.x.copy(), np.zeros(n, dtype=np.int64)
        self.fresh, self.force = np.ones(n, dtype=np.bool_), np.zeros(n)
        self.stiffness = self.settings.contact_stiffness_pa_m * rest.area_m2
        values = (rest.bend_values, rest.bend_indices, rest.bend_indptr)
        self.bend = sparse.csr_matrix(values, shape=(n, n))
        self.push = _PUSH_SHARE * float(np.median(self.stiffness))
        ends = self.x[rest.edges]
        length = float(np.median(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)))
        self.radius_max_m = max(_RADIUS_EDGES * length, 3 * self.settings.layer_m)
        self.radius_m = self.radius_max_m
        self.offset_m = rest.offset_m.copy()
        self.tangled = np.zeros(n, dtype=np.bool_)

    def look_around(self) -> None:
        """Refresh contact planes, contact forces and cloth-cloth pairs at the current state."""
        if self.tree is not None:
            t = self.tree
            update_planes(
                self.x, t.corners, t.lower, t.upper, t.normals, self.phi, self.normal,
                self.origin, self.hint, self.fresh, _REACH_M,
            )  # fmt: skip
            self._contact(self.x)
        if self.settings.self_collision:
            found = find_pairs(self.x, self.rest.faces, self.rest.edges, self.radius_m)
            if self.tangled.any():
                keep = ~self.tangled[found[0]].any(axis=1)
                found = (found[0][keep], found[1][keep], found[2][keep], found[3][keep])
            self.pairs = found

    def look_closely(self) -> None:
        """Lift cloth whose edges or triangles dip into the body; note where cloth is tangled.

        Planes cannot part what has crossed already: such vertices are left to the membrane.
        """
        rest = self.rest
        if self.settings.self_collision:
            crossing = crossing_pairs(self.x, rest.faces)
            self.tangled[:] = False
            self.tangled[rest.faces[crossing].ravel()] = True
        if self.tree is None:
            return
        cells = [rest.edges, rest.faces]
        for cell in cells:
            phi, _, _ = signed_distance(self.tree, self.x[cell].mean(axis=1))
            missing = np.maximum(_LIFT_CLEAR_M - phi, 0.0)
            most = rest.offset_m + _LIFT_MAX_M
            low = np.flatnonzero(missing)
            lifted = self.offset_m.copy()
            np.maximum.at(
                lifted, cell[low].ravel(),
                (self.offset_m[cell[low]] + missing[low, None]).ravel(),
            )  # fmt: skip
            self.offset_m = np.minimum(lifted, most)

    def static_gradient(self) -> NDArray[np.float64]:
        """Sum all forces but inertia, sign reversed, shape (n_vertices, 3) [N]."""
        return self._assemble(hessian=False)[0]

    def energy(self, x: NDArray[np.float64], grip: NDArray[np.float64]) -> float:
        """Sum the potentials on frozen planes [J]; grip is mu times lagged normal force."""
        r = self.rest
        total = membrane_energy(
            x, r.faces, r.weight_u, r.weight_v, r.face_area_m2, r.stiffness_n_m, self.soft
        )
        total += 0.5 * float((x * (self.bend @ x)).sum()) - float((self.load_n * x).sum())
        if self.tree is not None:
            total += contact_energy(
                x, self.phi, self.normal, self.origin, self.offset_m, self.stiffness, self.anchor,
                grip, self.settings.friction_slip_m,
            )  # fmt: skip
        if self.pairs is not None:
            vertices, _, weights, planes = self.pairs
            total += push_energy(x, vertices, weights, planes, self.settings.layer_m, self.push)
        return total

    def step(self) -> StepRecord:
        """Advance by one time step."""
        h, rest = self.step_s, self.rest
        inertia = (rest.mass_kg / h**2)[:, None]
        target = self.x + self.settings.velocity_kept * h * self.velocity
        self.look_around()
        self.expected = np.zeros(len(self.x), dtype=np.bool_)
        grip = rest.friction * self.force
        gradient, blocks = self._assemble(hessian=True)
        gradient += inertia * (self.x - target)
        gradient[~rest.free] = 0.0
        true_gradient = gradient.copy()
        blocks[rest.diagonal] += inertia[:, :, None] * np.eye(3)
        move, n_cg, solved = self._newton(gradient, blocks)
        for _ in range(_N_ACTIVE_SETS):
            if not self._foresee(move, gradient, blocks):
                break
            move, more, solved = self._newton(gradient, blocks, guess=move)
            n_cg += more
        wanted = float(np.sqrt((move**2).sum(axis=1).mean())) / h
        clamped = self._limit(move)

        def potential(x: NDArray[np.float64]) -> float:
            return self.energy(x, grip) + 0.5 * float((inertia * (x - target) ** 2).sum())

        # Contacts foreseen bend the direction only; the slope is the true potential's.
        before, slope = potential(self.x), min(0.0, float((true_gradient * move).sum()))
        # At rest the energy cannot fall below its own rounding; that is no failed step.
        before += _ROUNDING * abs(before)
        fraction = 1.0
        for _ in range(_N_HALVINGS):
            if potential(self.x + fraction * move) <= before + _ARMIJO * fraction * slope:
                break
            fraction *= 0.5
        moved = fraction * move
        self.x += moved
        self.velocity = moved / h
        if self.tree is not None:
            self._contact(self.x)
            move_anchors(
                self.x, self.force, self.normal, self.anchor, self.settings.friction_slip_m
            )
        return StepRecord(
            n_cg=n_cg, solved=solved, fraction=fraction, velocity_rms_m_s=wanted, clamped=clamped
        )

    def _foresee(
        self,
        move: NDArray[np.float64],
        gradient: NDArray[np.float64],
        blocks: NDArray[np.float64],
    ) -> bool:
        """Add contacts that the step would make, in place; False when there are none."""
        if self.tree is None:
            return False
        gap = self.phi + (self.normal * (self.x - self.origin)).sum(axis=1)
        after = gap + (self.normal * move).sum(axis=1)
        new = np.flatnonzero((gap >= self.offset_m) & (after < self.offset_m) & ~self.expected)
        self.expected[new] = True
        n = self.normal[new]
        k = self.stiffness[new]
        blocks[self.rest.diagonal[new]] += k[:, None, None] * n[:, :, None] * n[:, None, :]
        gradient[new] += (k * (gap[new] - self.offset_m[new]))[:, None] * n
        return len(new) > 0

    def _contact(self, x: NDArray[np.float64]) -> None:
        contact_forces(
            x, self.phi, self.normal, self.origin, self.offset_m, self.stiffness, self.force
        )

    def _assemble(self, *, hessian: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        r = self.rest
        gradient = self.bend @ self.x - self.load_n
        blocks = np.zeros((len(r.indices), 3, 3))
        membrane_assemble(
            self.x, r.faces, r.weight_u, r.weight_v, r.face_area_m2, r.stiffness_n_m, self.soft,
            r.slot, gradient, blocks, hessian,
        )  # fmt: skip
        if self.tree is not None:
            contact_assemble(
                self.force, self.normal, self.stiffness, self.anchor, self.x,
                r.friction * self.force, self.settings.friction_slip_m, r.diagonal, gradient,
                blocks,
            )  # fmt: skip
        if self.pairs is not None:
            vertices, _, weights, planes = self.pairs
            push_assemble(
                vertices, weights, planes, self.settings.layer_m, self.push, r.diagonal, gradient,
                blocks,
            )  # fmt: skip
        return gradient, blocks

    def _newton(
        self,
        gradient: NDArray[np.float64],
        blocks: NDArray[np.float64],
        guess: NDArray[np.float64] | None = None,
    ) -> tuple[NDArray[np.float64], int, bool]:
        r = self.rest
        matrix = blocks.astype(np.float32)
        bending = r.bend_values.astype(np.float32)
        inverse = np.zeros((len(self.x), 3, 3), np.float32)
        invert_diagonal(
            matrix, r.diagonal, self.bend.diagonal().astype(np.float32), r.free, inverse
        )
        right = (-gradient).astype(np.float32)
        start = np.zeros_like(right) if guess is None else guess.astype(np.float32)
        move, n_cg, error = solve(
            r.indptr, r.indices, matrix, r.bend_indptr, r.bend_indices, bending, inverse, r.free,
            right, start, self.settings.cg_tolerance, self.settings.cg_cap,
        )  # fmt: skip
        return move.astype(np.float64), int(n_cg), bool(error <= self.settings.cg_tolerance)

    def _limit(self, move: NDArray[np.float64]) -> bool:
        """Shorten the step in place: all of it to its largest length, pairs to their planes."""
        longest = float(np.sqrt((move**2).sum(axis=1).max()))
        move_max = self.settings.move_max_m
        if self.settings.self_collision:
            move_max = min(move_max, 0.49 * self.radius_m)
        clamped = longest > move_max
        if clamped:  # as a whole: cutting single vertices would turn the direction uphill
            move *= move_max / longest
        if self.pairs is not None:
            vertices, split, _, planes = self.pairs
            limit_step(move, vertices, split, planes, move_max)
            # Near rest a small neighbourhood is enough, and finding pairs is the cost.
            low = 3 * self.settings.layer_m
            self.radius_m = float(np.clip(4 * longest, low, self.radius_max_m))
        return clamped
