"""What the drape engine returns: positions, forces, and how far from equilibrium they are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Drape:
    """A garment at rest on a body, or the account of why it is not.

    Attributes:
        positions_m: Draped welded vertices, shape (n_vertices, 3).
        contact_force_n: Normal contact force per vertex, shape (n_vertices,).
        hold_force_n: Force of holds on each vertex, shape (n_vertices, 3).
        anchors_m: Friction anchor per vertex, shape (n_vertices, 3).
        converged: Whether all conditions of rest held.
        cause: ``"at rest"``, or what kept it from being so.
        residual: Sum of static residual forces over weight plus contact forces, no unit.
        residual_median_n: Median static residual force of a vertex.
        residual_p95_n: 95th percentile of the same.
        residual_max_n: Largest, at ``residual_max_vertex``.
        residual_max_vertex: Vertex with the largest residual.
        displacement_mean_m: Mean displacement over the last ten steps.
        velocity_rms_m_s: Root mean square velocity at the end.
        n_steps: Time steps taken on the cloth's own mesh.
        n_steps_coarse: Steps on coarser meshes before.
        n_cg: Conjugate-gradient iterations in all.
        n_cg_capped: Steps whose linear solve hit its cap.
        penetration_max_m: Deepest vertex, edge sample or triangle centroid in the body by the
            exact audit; 0 when none is inside.
        n_inside: Vertices inside the body by the exact audit.
        intersections_cloth_cloth: Pairs of cloth triangles that cross.
        seam_gap_max_m: Largest distance between two sides of a seam.
        wall_s: Seconds the solve took.
        seed: Seed of the run.
    """

    positions_m: NDArray[np.float64]
    contact_force_n: NDArray[np.float64]
    hold_force_n: NDArray[np.float64]
    anchors_m: NDArray[np.float64]
    converged: bool
    cause: str
    residual: float
    residual_median_n: float
    residual_p95_n: float
    residual_max_n: float
    residual_max_vertex: int
    displacement_mean_m: float
    velocity_rms_m_s: float
    n_steps: int
    n_steps_coarse: int
    n_cg: int
    n_cg_capped: int
    penetration_max_m: float
    n_inside: int
    intersections_cloth_cloth: int
    seam_gap_max_m: float
    wall_s: float
    seed: int
