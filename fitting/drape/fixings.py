"""What holds a garment besides contact: attachments, elastic bands, seams with own stiffness."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fitting.cloth.cloth import Cloth
from fitting.errors import DrapeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Soft attachment of vertices, such as a waistband or a hanger.

    Attributes:
        vertices: Welded vertices of the finest mesh, shape (n,).
        targets_m: Where they are drawn to, shape (n, 3); None means where they start.
        stiffness_n_m: Spring stiffness of each.
    """

    vertices: NDArray[np.int64]
    targets_m: NDArray[np.float64] | None = None
    stiffness_n_m: float = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Elastic sewn along a line of vertices; it pulls and never pushes.

    Attributes:
        vertices: Welded vertices of the finest mesh along mesh edges, first again at the end where
            the band is closed, shape (n,).
        rest_length_m: Relaxed length of the whole band.
        stiffness_n: Force per strain.
    """

    vertices: NDArray[np.int64]
    rest_length_m: float
    stiffness_n: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixings:
    """Holds and bands of one level."""

    holds: tuple[Hold, ...] = ()
    bands: tuple[Band, ...] = ()

    def coarser(self, parents: NDArray[np.int64]) -> "Fixings":
        """The same on the next coarser level; only vertices that exist there count."""
        same = np.where(parents[:, 0] == parents[:, 1], parents[:, 0], -1)
        holds = []
        for hold in self.holds:
            there = same[hold.vertices]
            kept = there >= 0
            if kept.any():
                targets = None if hold.targets_m is None else hold.targets_m[kept]
                share = len(kept) / int(kept.sum())
                holds.append(Hold(vertices=there[kept], targets_m=targets,
                                  stiffness_n_m=hold.stiffness_n_m * share))  # fmt: skip
        bands = [replace(b, vertices=same[b.vertices][same[b.vertices] >= 0]) for b in self.bands]
        return Fixings(holds=tuple(holds), bands=tuple(b for b in bands if len(b.vertices) > 1))


def check_fixings(fixings: Fixings, cloth: Cloth) -> None:
    """Raise DrapeError for vertices that do not exist or numbers that cannot be."""
    n = len(cloth.positions_m)
    for kind, fixing in [("hold", h) for h in fixings.holds] + [("band", b) for b in fixings.bands]:
        rows = fixing.vertices
        if len(rows) == 0 or rows.min() < 0 or rows.max() >= n:
            raise DrapeError(f"a {kind} names vertices outside 0 to {n - 1}, or none")
    for hold in fixings.holds:
        if not hold.stiffness_n_m > 0:
            raise DrapeError(f"a hold has stiffness {hold.stiffness_n_m} N/m; above 0 is needed")
        if hold.targets_m is not None and hold.targets_m.shape != (len(hold.vertices), 3):
            raise DrapeError(
                f"a hold of {len(hold.vertices)} vertices has targets of shape "
                f"{hold.targets_m.shape}; one point each is needed"
            )
    for band in fixings.bands:
        if not (band.rest_length_m > 0 and band.stiffness_n > 0):
            raise DrapeError(
                f"a band has length {band.rest_length_m} m and stiffness {band.stiffness_n} N; "
                "both must be above 0"
            )
        known = set(map(tuple, _edge_keys(cloth.faces).reshape(-1, 2).tolist()))
        for a, b in np.sort(_steps(band.vertices), axis=1).tolist():
            if (a, b) not in known:
                raise DrapeError(f"a band goes from vertex {a} to {b}, which is no mesh edge")


def edge_terms(
    cloth: Cloth, bands: Sequence[Band], *, seam_stiffness_n: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rest length [m] and stiffness [N] of each triangle's three sides, both (n_faces, 3).

    A side between two triangles carries its term in one of them only.
    """
    keys = _edge_keys(cloth.faces)
    corners = cloth.rest_uv_m
    flat_m = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2)
    rest, stiff = flat_m.copy(), np.zeros_like(flat_m)
    if seam_stiffness_n > 0:
        stiff[_seam_sides(cloth, keys)] = seam_stiffness_n
    n = len(cloth.positions_m)
    code = (keys[..., 0] * n + keys[..., 1]).ravel()
    unique, first = np.unique(code, return_index=True)
    for band in bands:
        steps = np.sort(_steps(band.vertices), axis=1)
        wanted = steps[:, 0] * n + steps[:, 1]
        at = np.searchsorted(unique, wanted).clip(max=len(unique) - 1)
        sides = first[at[unique[at] == wanted]]
        relaxed = flat_m.ravel()[sides]
        rest.ravel()[sides] = relaxed * band.rest_length_m / max(relaxed.sum(), 1e-12)
        stiff.ravel()[sides] += band.stiffness_n
    return rest, stiff


def seam_faces(cloth: Cloth) -> NDArray[np.bool_]:
    """Triangles with a side on a seam, shape (n_faces,)."""
    keys = _edge_keys(cloth.faces)
    n = len(cloth.positions_m)
    code = keys[..., 0] * n + keys[..., 1]
    return np.asarray(np.isin(code, code[_seam_sides(cloth, keys)]).any(axis=1), dtype=np.bool_)


def _steps(chain: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.stack([chain[:-1], chain[1:]], axis=1)


def _edge_keys(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2), axis=2)


def _seam_sides(cloth: Cloth, keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """One side for each welded edge whose two triangles have different flat edges there."""
    n, n_flat = len(cloth.positions_m), len(cloth.flat_uv_m)
    code = (keys[..., 0] * n + keys[..., 1]).ravel()
    flat_keys = _edge_keys(cloth.flat_faces)
    flat = (flat_keys[..., 0] * n_flat + flat_keys[..., 1]).ravel()
    order = np.argsort(code, kind="stable")
    joined = (code[order][1:] == code[order][:-1]) & (flat[order][1:] != flat[order][:-1])
    sides = np.zeros(code.size, dtype=np.bool_)
    sides[order[:-1][joined]] = True
    return sides.reshape(-1, 3)
