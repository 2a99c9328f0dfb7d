"""One time step after another: implicit Euler, one Newton step with a line search each."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fitting.drape.audit import EDGE_SHARES
from fitting.drape.contact import contact_assemble, contact_forces, vertex_energy
from fitting.drape.grip import Grip
from fitting.drape.jit import N_CHUNKS
from fitting.drape.kernels import Kernels, kernels_on
from fitting.drape.push import (
    limit_step,
    push_assemble,
    push_energy,
    push_foresee,
    whole_share,
)
from fitting.drape.rest import RestShape
from fitting.drape.rub import Rub
from fitting.drape.sdf import DistanceTree, nearest
from fitting.drape.selfcontact import SelfContact
from fitting.drape.settings import DrapeSettings
from fitting.drape.walls import Walls

_REACH_M = (0.004, 0.04)  # least and largest distance within which planes are kept fresh
_REACH_MOVES = 3.0
_N_ACTIVE_SETS = 2  # rounds in which contacts that a step would make are added
_ARMIJO = 1e-4
_ROUNDING = 1e-12
_N_HALVINGS = 5
_REACH_EDGES = 0.35  # candidates explode when twice the reach nears the edge length
_LEAST_N = 1e-6  # where nothing weighs and nothing touches
_HELD_M = (5e-5, 3e-4)  # skin of 1 cm radius leaves its plane by 0.1 and 4 um over this travel
_HELD_GROWTH = 1.5
_LIFT_MAX_M = 2e-2
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
        device: Where the kernels run.
        walls: Second walls of creases.
    """

    rest: RestShape
    tree: DistanceTree | None
    settings: DrapeSettings
    x: NDArray[np.float64]
    load_n: NDArray[np.float64]
    step_s: float
    soft: float = 1.0
    device: str = "cpu"
    _partial: NDArray[np.float64] = field(init=False)
    velocity: NDArray[np.float64] = field(init=False)
    anchor: NDArray[np.float64] = field(init=False)
    grip: Grip = field(init=False)
    phi: NDArray[np.float64] = field(init=False)
    normal: NDArray[np.float64] = field(init=False)
    origin: NDArray[np.float64] = field(init=False)
    hint: NDArray[np.int64] = field(init=False)
    fresh: NDArray[np.bool_] = field(init=False)
    force: NDArray[np.float64] = field(init=False)
    stiffness: NDArray[np.float64] = field(init=False)
    kernels: Kernels = field(init=False)
    touch: SelfContact | None = field(init=False, default=None)
    push: float = field(init=False)
    offset_m: NDArray[np.float64] = field(init=False)
    hold_n_m: NDArray[np.float64] = field(init=False)
    hold_at_m: NDArray[np.float64] = field(init=False)
    expected: NDArray[np.bool_] = field(init=False)
    held_m: NDArray[np.float64] = field(init=False)
    _moved: NDArray[np.float64] = field(init=False)
    walls: Walls = field(init=False, default_factory=Walls)
    reach_m: float = _REACH_M[1]
    velocity_kept: float = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.x)
        rest = self.rest
        self.velocity_kept = self.settings.velocity_kept
        self.velocity, self.anchor = np.zeros((n, 3)), self.x.copy()
        self.grip = Grip(rest.friction, slip_m=self.settings.friction_slip_m)
        self.phi, self.normal = np.full(n, np.inf), np.zeros((n, 3))
        self.origin, self.hint = self.x.copy(), np.zeros(n, dtype=np.int64)
        self.fresh, self.force = np.ones(n, dtype=np.bool_), np.zeros(n)
        self.stiffness = self.settings.contact_stiffness_pa_m * rest.area_m2
        self.kernels = kernels_on(self.device, rest)
        self.push = _PUSH_SHARE * float(np.median(self.stiffness))
        self.offset_m = rest.offset_m.copy()
        self.hold_n_m, self.hold_at_m = np.zeros(n), self.x.copy()
        self.expected = np.zeros(n, dtype=np.bool_)
        self.held_m, self._moved = np.full(n, _HELD_M[0]), np.zeros((n, 3))
        self._partial = np.zeros(N_CHUNKS)
        if self.settings.self_collision:
            ends = self.x[rest.edges]
            length = float(np.median(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)))
            reach = _REACH_EDGES * length
            layer = self.settings.layer_m
            rub = Rub(
                rest.friction_cloth, rest.free, stiffness_n_m=self.push, layer_m=layer,
                slip_m=self.settings.friction_slip_m,
            )  # fmt: skip
            self.touch = SelfContact(self.x, rest.faces, layer_m=layer, reach_m=reach, rub=rub)

    def look_around(self) -> None:
        """Refresh contact planes, contact forces and cloth-cloth pairs at the current state."""
        if self.tree is not None:
            before = self.phi.copy(), self.normal.copy(), self.origin.copy()
            self.kernels.look(self.tree, self.x, self)
            now = self.phi, self.normal
            self.walls.remember(self.x, self.force > 0, before, now)
            self.walls.make_room(self.x, now, self.offset_m, self.rest.offset_m)
            self._contact(self.x)
        if self.touch is not None:
            self.touch.look(self.x)

    def look_closely(self) -> float:
        """Lift cloth whose edges or triangles dip into the body; note where cloth is tangled.

        Planes cannot part what has crossed already: such vertices are left to the membrane.

        Returns:
            Depth of the deepest probe of an edge or triangle [m], 0 when none is inside; probes
            are where the audit at the end looks.
        """
        rest = self.rest
        if self.touch is not None:
            skip = np.zeros(len(self.x), dtype=np.bool_)
            skip[rest.faces[self.touch.crossings(self.x)].ravel()] = True
            if (skip != self.touch.skip).any():
                self.touch.skip = skip
                self.touch.forget()
        depth = 0.0
        if self.tree is None:
            return depth
        least = self.phi - np.linalg.norm(self.x - self.origin, axis=1)
        most = rest.offset_m + _LIFT_MAX_M
        probes = [(rest.edges, (1 - share, share)) for share in EDGE_SHARES]
        for cell, shares in (*probes, (rest.faces, (1 / 3, 1 / 3, 1 / 3))):
            middle = np.einsum("k,nkd->nd", np.array(shares), self.x[cell])
            # Distance falls no faster than one walks: a corner far enough is proof of no dip.
            walked = np.linalg.norm(self.x[cell] - middle[:, None], axis=2)
            near = np.flatnonzero((least[cell] - walked).max(axis=1) < _LIFT_CLEAR_M)
            phi, _, _ = nearest(self.tree, middle[near], self.hint[cell[near, 0]])
            depth = max(depth, -float(phi.min(initial=0.0)))
            missing = np.maximum(_LIFT_CLEAR_M - phi, 0.0)
            low = np.flatnonzero(missing)
            corners = cell[near[low]]
            lifted = self.offset_m.copy()
            np.maximum.at(
                lifted, corners.ravel(),
                (self.offset_m[corners] + missing[low, None]).ravel(),
            )  # fmt: skip
            self.offset_m = np.minimum(lifted, most)
        return depth

    def static_gradient(self) -> NDArray[np.float64]:
        """Sum all forces but inertia, sign reversed, shape (n_vertices, 3) [N]."""
        return self._assemble(hessian=False)

    def residual(self) -> float:
        """Sum of static residual forces over weight plus contact forces, no unit."""
        self.look_around()
        gradient = self.static_gradient()
        gradient[~self.rest.free] = 0.0
        return float(np.linalg.norm(gradient, axis=1).sum()) / self.scale_n()

    def scale_n(self) -> float:
        """Weight plus contact forces, which residual forces are measured by."""
        weight = float(np.linalg.norm(self.load_n, axis=1).sum())
        return max(weight + float(self.contact_force_n().sum()), _LEAST_N)

    def contact_force_n(self) -> NDArray[np.float64]:
        """Normal force of the body on every vertex, both walls of creases, (n_vertices,)."""
        walls = self.walls
        second = walls.force_n(self.x, self.offset_m, self.stiffness)
        return self.force + np.bincount(walls.rows, second, minlength=len(self.x))

    def energy(
        self,
        x: NDArray[np.float64],
        grip: NDArray[np.float64],
        inertia: NDArray[np.float64] | None = None,
        target: NDArray[np.float64] | None = None,
    ) -> float:
        """Sum the potentials on frozen planes [J]; grip is mu times lagged normal force.

        inertia (n_vertices,) [kg/s2] adds the step's own potential about target (n_vertices, 3).
        """
        r = self.rest
        total = self.kernels.membrane_energy(x, soft=self.soft)
        total += vertex_energy(
            x, self.phi, self.normal, self.origin, self.offset_m, self.stiffness, self.anchor,
            grip, self.grip.slip_m, r.bend_indptr, r.bend_indices, r.bend_values,
            self.load_n, np.zeros(len(x)) if inertia is None else inertia,
            x if target is None else target, self._partial,
        )  # fmt: skip
        total += self.walls.energy(x, self.offset_m, self.stiffness)
        if self.touch is not None:
            t = self.touch
            total += push_energy(
                x, t.vertices, t.push_weights, t.push_planes, self.settings.layer_m, self.push,
                self._partial,
            )  # fmt: skip
            if t.rub is not None:
                total += t.rub.energy(x, t.vertices, t.push_weights, t.push_planes)
        return total

    def step(self) -> StepRecord:
        """Advance by one time step."""
        h, rest, settings = self.step_s, self.rest, self.settings
        inertia = rest.mass_kg / h**2
        target = self.x + self.velocity_kept * h * self.velocity
        self.look_around()
        self.expected[:] = False
        self.grip.feel(self.force)
        grip = self.grip.limit_n(self.force)
        gradient = self._assemble(hessian=True)
        gradient += inertia[:, None] * (self.x - target)
        gradient[~rest.free] = 0.0
        true_gradient = gradient.copy()
        self.kernels.own[:, [0, 3, 5]] += (inertia + self.hold_n_m)[:, None]
        # Springs of holds and inertia are one spring to the mean of both targets.
        both = np.maximum(inertia + self.hold_n_m, 1e-300)
        target += (self.hold_n_m / both)[:, None] * (self.hold_at_m - target)
        inertia = both
        self.kernels.assemble()
        move, n_cg, error = self._newton(gradient)
        wanted = float(np.sqrt((move**2).sum() / max(int(rest.free.sum()), 1))) / h
        whole = move.copy()
        clamped = self.limit(move)
        if float((true_gradient * move).sum()) >= 0.0:
            move = self._shortened(whole)
        # Contacts foreseen bend the direction only; the slope is the true potential's.
        before = self.energy(self.x, grip, inertia, target)
        slope = min(0.0, float((true_gradient * move).sum()))
        # At rest the energy cannot fall below its own rounding; that is no failed step.
        before += _ROUNDING * abs(before)
        fraction = 1.0
        for _ in range(_N_HALVINGS):
            after = self.energy(self.x + fraction * move, grip, inertia, target)
            if after <= before + _ARMIJO * fraction * slope:
                break
            fraction *= 0.5
        moved = fraction * move
        self.x += moved
        self.velocity = moved / h
        self._hold_swingers(moved)
        if self.tree is not None:
            self._contact(self.x)
            self.grip.follow(self.x, self.force, self.normal, self.anchor)
        if self.touch is not None:
            self.touch.settle(self.x)
        return StepRecord(
            n_cg=n_cg, solved=error <= settings.cg_tolerance, fraction=fraction,
            velocity_rms_m_s=wanted, clamped=clamped,
        )  # fmt: skip

    def _hold_swingers(self, moved: NDArray[np.float64]) -> None:
        """Let vertices keep their plane for longer that go back and forth between two of them."""
        swings = ((moved * self._moved).sum(axis=1) < 0) & (self.force > 0)
        self.held_m[swings] = np.minimum(_HELD_GROWTH * self.held_m[swings], _HELD_M[1])
        self._moved = moved

    def _foresee(self, move: NDArray[np.float64], gradient: NDArray[np.float64]) -> bool:
        """Add contacts that the step would make, in place; False when there are none."""
        n_new = 0
        if self.tree is not None:
            n_new = self._foresee_body(move, gradient)
        if self.touch is not None:
            t = self.touch
            n_new += push_foresee(
                move, t.vertices, t.push_weights, t.push_planes, self.settings.layer_m, self.push,
                t.known, gradient, self.kernels.own,
            )  # fmt: skip
        return n_new > 0

    def _foresee_body(self, move: NDArray[np.float64], gradient: NDArray[np.float64]) -> int:
        gap = self.phi + (self.normal * (self.x - self.origin)).sum(axis=1)
        after = gap + (self.normal * move).sum(axis=1)
        new = np.flatnonzero((gap >= self.offset_m) & (after < self.offset_m) & ~self.expected)
        self.expected[new] = True
        n = self.normal[new]
        k = self.stiffness[new]
        x, y, z = n.T
        self.kernels.own[new] = k[:, None] * np.stack([x * x, x * y, x * z, y * y, y * z, z * z], 1)
        gradient[new] += (k * (gap[new] - self.offset_m[new]))[:, None] * n
        return len(new)

    def _contact(self, x: NDArray[np.float64]) -> None:
        contact_forces(
            x, self.phi, self.normal, self.origin, self.offset_m, self.stiffness, self.force
        )

    def _assemble(self, *, hessian: bool) -> NDArray[np.float64]:
        settings = self.settings
        gradient = self.kernels.elastic(self.x, self.load_n, soft=self.soft, hessian=hessian)
        own = self.kernels.own
        own[:] = 0.0
        if self.hold_n_m.any():
            gradient += self.hold_n_m[:, None] * (self.x - self.hold_at_m)
        if self.tree is not None:
            contact_assemble(
                self.force, self.normal, self.stiffness, self.anchor, self.x,
                self.grip.limit_n(self.force), self.grip.slip_m, gradient, own,
            )  # fmt: skip
            self.walls.assemble(self.x, self.offset_m, self.stiffness, gradient, own)
        if self.touch is not None:
            t = self.touch
            push_assemble(
                t.vertices, t.push_weights, t.push_planes, settings.layer_m, self.push, gradient,
                own,
            )  # fmt: skip
            if t.rub is not None:
                t.rub.assemble(
                    self.x, t.vertices, t.push_weights, t.push_planes, gradient, own
                )  # fmt: skip
        return gradient

    def _newton(self, gradient: NDArray[np.float64]) -> tuple[NDArray[np.float64], int, float]:
        """Move, iterations and error; contacts that the move would make are added on the way."""
        move, n_cg = None, 0
        for _ in range(_N_ACTIVE_SETS):
            move, more, error = self._solve(gradient, move)
            n_cg += more
            if not self._foresee(move, gradient):
                return move, n_cg, error
            self.kernels.assemble()
        move, more, error = self._solve(gradient, move)
        return move, n_cg + more, error

    def _solve(
        self, gradient: NDArray[np.float64], guess: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.float64], int, float]:
        settings = self.settings
        pushes = None if self.touch is None else self.touch.pushes(self.push)
        return self.kernels.solve(
            gradient, tolerance=settings.cg_tolerance, cap=settings.cg_cap, guess=guess,
            pushes=pushes,
        )  # fmt: skip

    def _shortened(self, move: NDArray[np.float64]) -> NDArray[np.float64]:
        """A step as long as pairs and rooms allow all of it; cut vertex by vertex it led uphill."""
        share = min(1.0, self.settings.move_max_m / max(float(np.abs(move).max()), 1e-300))
        if self.touch is not None:
            t = self.touch
            share *= whole_share(share * move, t.room(self.x), t.vertices, t.split, t.planes)
        return share * move

    def limit(self, move: NDArray[np.float64]) -> bool:
        """Shorten the step in place: all of it to its largest length, pairs to their planes."""
        longest = float(np.sqrt((move**2).sum(axis=1).max()))
        clamped = longest > self.settings.move_max_m
        if clamped:  # as a whole: cutting single vertices would turn the direction uphill
            move *= self.settings.move_max_m / longest
        self.reach_m = float(np.clip(_REACH_MOVES * longest, *_REACH_M))
        if self.touch is not None:
            self.touch.widen(self.x, move)
            room = self.touch.room(self.x)
            limit_step(move, room, self.touch.vertices, self.touch.split, self.touch.planes)
        return clamped
