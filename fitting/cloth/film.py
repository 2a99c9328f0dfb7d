"""A start without overlap: the sewn cloth as a film that hangs on its edges and avoids the skin.

Projective dynamics (Bouaziz et al. 2014): each triangle wants to be its flat shape, shrunk by a
factor below one, so that the film is in tension and smooth; open edges want to stay where the wrap
put them; vertices too close to the skin want to leave it. Where triangles cross, the film is let
loose until tension has pulled it straight; where it dips into the skin, its gap grows.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.linalg import splu

from fitting.cloth.crossing import body_crossings, cloth_crossings
from fitting.cloth.skin import Skin

GAP_M = 0.012
_GAP_STEP_M = 0.004
_GAP_MAX_M = 0.040
# Share of its flat size below which the film does not shrink by itself.
SHRINK = 0.75
_SHRINK_CROSSED = 0.0
_PIN = 1.5
_PIN_LOOSE = 0.02
_CONTACT = 20.0
_HOLD = 0.4
# Cloth takes this share of the room between two parts of the body.
_ROOM_SHARE = 0.42
_ROOM_MIN_M = 0.004
_N_GAP = 4
N_SETTLE = 24
N_REPAIR = 8
N_ROUNDS = 14
N_OWN_ROUNDS = 4


@dataclass(slots=True, kw_only=True)
class Film:
    """The film and its obstacle; positions change in place.

    Attributes:
        x: Positions, shape (n_vertices, 3) [m].
        faces: Triangles, shape (n_faces, 3).
        rest_uv_m: Flat corners, shape (n_faces, 3, 2).
        pinned: Vertices on open edges.
        target_m: Where they want to be, shape (n_pinned, 3).
        skin: The obstacle.
        layer_gap_m: Extra gap per vertex for outer layers, shape (n_vertices,).
    """

    x: NDArray[np.float64]
    faces: NDArray[np.int64]
    rest_uv_m: NDArray[np.float64]
    pinned: NDArray[np.int64]
    target_m: NDArray[np.float64]
    skin: Skin
    layer_gap_m: NDArray[np.float64]
    _gradient: NDArray[np.float64] = field(init=False)
    _area: NDArray[np.float64] = field(init=False)
    _stiffness: csc_array = field(init=False)
    _shrink: NDArray[np.float64] = field(init=False)
    _gap: NDArray[np.float64] = field(init=False)
    _pin: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.x)
        first = self.rest_uv_m[:, 1] - self.rest_uv_m[:, 0]
        second = self.rest_uv_m[:, 2] - self.rest_uv_m[:, 0]
        edges = np.stack([first, second], axis=2)
        self._area = np.abs(np.linalg.det(edges)) / 2
        inverse = np.linalg.inv(edges)
        # F = [x1 - x0, x2 - x0] inverse, written as corners times gradient.
        gradient = np.concatenate([-inverse.sum(axis=1)[:, None], inverse], axis=1)
        self._gradient = np.asarray(gradient, dtype=np.float64)
        local = np.einsum("f,fik,fjk->fij", self._area, self._gradient, self._gradient)
        rows = np.repeat(self.faces, 3, axis=1).ravel()
        columns = np.tile(self.faces, (1, 3)).ravel()
        self._stiffness = csc_array(coo_array((local.ravel(), (rows, columns)), shape=(n, n)))
        self._shrink = np.full(len(self.faces), SHRINK)
        self._gap = GAP_M + self.layer_gap_m
        self._pin = np.full(len(self.pinned), _PIN)

    def settle(self, n_steps: int, *, hold: float = _HOLD) -> None:
        """Take steps towards rest."""
        n = len(self.x)
        diagonal = np.full(n, hold)
        np.add.at(diagonal, self.pinned, self._pin)
        gap = self._gap
        for i_step in range(n_steps):
            height, out = self.skin.height_m(self.x)
            if i_step % _N_GAP == 0:
                gap = self._local_gap(height, out)
            low = height < gap
            push = np.where(low, _CONTACT, 0.0)
            right = self._pull()
            right += hold * self.x
            np.add.at(right, self.pinned, self._pin[:, None] * self.target_m)
            lifted = self.x + np.clip(gap - height, 0.0, 0.05)[:, None] * out
            right += push[:, None] * lifted
            matrix = csc_array(self._stiffness + diags_array(diagonal + push))
            self.x = _solved(matrix, right)
        self.lift()

    def lift(self) -> None:
        """Bring every vertex to its gap."""
        for _ in range(6):
            height, out = self.skin.height_m(self.x)
            missing = np.clip(self._local_gap(height, out) - height, 0.0, 0.03)
            if missing.max() < 1e-4:
                return
            self.x = self.x + missing[:, None] * out

    def _local_gap(
        self, height_m: NDArray[np.float64], out: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Gap that each vertex keeps: less than half of the room where skin faces skin."""
        probe = self.x + (2 * self._gap - height_m)[:, None] * out
        beyond, _ = self.skin.height_m(probe)
        room = np.maximum(beyond + 2 * self._gap, _ROOM_MIN_M)
        return np.minimum(self._gap, _ROOM_SHARE * room)

    def _pull(self) -> NDArray[np.float64]:
        """What each triangle wants of its corners, shape (n_vertices, 3)."""
        F = np.einsum("fci,fck->fik", self.x[self.faces], self._gradient)
        wanted = _nearest_frame(F) * (self._shrink * self._area)[:, None, None]
        per_corner = np.einsum("fik,fck->fci", wanted, self._gradient)
        total = np.zeros_like(self.x)
        for axis in range(3):
            total[:, axis] = np.bincount(
                self.faces.ravel(), per_corner[..., axis].ravel(), minlength=len(self.x)
            )
        return total

    def crossings(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Triangles that cross cloth, and triangles that cross the body."""
        cloth = np.unique(cloth_crossings(self.x, self.faces))
        body = self.skin.body
        pairs = body_crossings(self.x, self.faces, body.vertices_m, body.faces)
        return cloth, np.unique(pairs[:, 0])

    def resolve(self, *, few: int = 0, n_rounds: int = N_ROUNDS) -> NDArray[np.int64]:
        """Settle until nothing crosses; returns the triangles that still do, shape (n,).

        Args:
            few: After some rounds so few crossings are left to others.
            n_rounds: When to give up.
        """
        self.settle(N_SETTLE)
        bad = np.zeros(0, dtype=np.int64)
        for i_round in range(n_rounds):
            cloth, body = self.crossings()
            bad = np.union1d(cloth, body)
            if len(bad) == 0 or (i_round >= N_OWN_ROUNDS and len(bad) <= few):
                return bad
            self._shrink[:] = SHRINK - 0.05 * i_round
            self._shrink[self._around(cloth, 2 + i_round // 2)] = _SHRINK_CROSSED
            loose = np.zeros(len(self.x), dtype=np.bool_)
            loose[self.faces[self._around(bad, 1 + i_round // 3)]] = True
            self._pin = np.where(loose[self.pinned], _PIN_LOOSE, _PIN)
            dipping = np.unique(self.faces[body])
            self._gap[dipping] = np.minimum(self._gap[dipping] + _GAP_STEP_M, _GAP_MAX_M)
            self.settle(N_REPAIR)
        cloth, body = self.crossings()
        return np.union1d(cloth, body)

    def _around(self, faces: NDArray[np.int64], n_rings: int) -> NDArray[np.bool_]:
        """Triangles within some rings of others, shape (n_faces,)."""
        chosen = np.zeros(len(self.faces), dtype=np.bool_)
        chosen[faces] = True
        for _ in range(n_rings):
            touched = np.zeros(len(self.x), dtype=np.bool_)
            touched[self.faces[chosen]] = True
            chosen = np.asarray(touched[self.faces].any(axis=1))
        return chosen


def _solved(matrix: csc_array, right: NDArray[np.float64]) -> NDArray[np.float64]:
    factor = splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    return np.asarray(factor.solve(right), dtype=np.float64)


def _nearest_frame(F: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nearest pair of orthonormal columns of each (3, 2) matrix, by polar decomposition."""
    a, b = F[..., 0], F[..., 1]
    aa, bb, ab = (a * a).sum(-1), (b * b).sum(-1), (a * b).sum(-1)
    # Inverse square root of the 2 x 2 matrix F'F in closed form.
    root = np.sqrt(np.maximum(aa * bb - ab**2, 1e-16))
    trace = np.sqrt(aa + bb + 2 * root)
    scale = 1 / (root * trace)
    p, q, r = (bb + root) * scale, -ab * scale, (aa + root) * scale
    return np.stack([a * p[:, None] + b * q[:, None], a * q[:, None] + b * r[:, None]], axis=-1)
