"""Settings of the drape engine; they never change during a run."""

from dataclasses import dataclass

from fitting.errors import DrapeError

PLACED_REACH_M = 3e-3  # from here to 2 cm routes agree alike; nearer, garments stay where put


@dataclass(frozen=True, slots=True, kw_only=True)
class DrapeSettings:
    """Everything that changes a drape, apart from its inputs.

    Attributes:
        gravity_m_s2: Acceleration of free fall, downward.
        step_first_s: First time step.
        step_max_s: Largest time step; rest is only tested at 0.3 s or more.
        step_growth: Factor of the time step after a good step, no unit; at least 1.3 on coarse
            levels.
        velocity_kept: Share of the velocity that survives a step, no unit.
        n_steps_max: Steps after which the engine gives up.
        n_steps_soft: First steps at most with the membrane at ``soft_stiffness``; they end earlier
            when the cloth has stopped.
        soft_stiffness: Share of the membrane stiffness while seams are pulled shut, no unit.
        cg_tolerance: Relative 2-norm residual of a linear solve, no unit.
        cg_cap: Largest number of conjugate-gradient iterations of one solve.
        move_max_m: Largest displacement of a vertex in one step.
        contact_stiffness_pa_m: Contact stiffness per area.
        margin_m: Air between skin and cloth, added to half the thickness.
        friction_slip_m: Displacement from the anchor at which friction is fully mobilised.
        placed_reach_m: While the garment comes to rest, friction pulls to where it was placed on
            the skin and is fully mobilised at this distance from there, such as
            `PLACED_REACH_M`; other ways to rest then end in the same one. None lets anchors
            follow the cloth on its way.
        seam_stiffness_n: Force per strain of the thread along every seam; it never pushes.
        seam_bending: Bending stiffness of triangles at seams over that of the cloth, no unit.
        self_collision: Whether cloth must not pass through cloth.
        layer_m: Thickness of the layer in which cloth pushes cloth away.
        rest_velocity_m_s: Root mean square velocity that counts as rest.
        rest_displacement_m: Mean displacement over ten steps that counts as rest.
        residual_max: Largest sum of residual forces over weight plus contact, no unit.
        n_threads: Threads of the kernels, None for all cores; results do not depend on it.
        penetration_max_m: Deepest sample in the body that a converged drape may have.
    """

    gravity_m_s2: float = 9.81
    step_first_s: float = 1 / 60
    step_max_s: float = 0.3
    step_growth: float = 1.15
    velocity_kept: float = 0.9
    n_steps_max: int = 600
    n_steps_soft: int = 40
    soft_stiffness: float = 0.03
    cg_tolerance: float = 1e-2
    cg_cap: int = 600
    move_max_m: float = 0.02
    contact_stiffness_pa_m: float = 2e7
    margin_m: float = 1e-3
    friction_slip_m: float = 3e-4
    placed_reach_m: float | None = None
    seam_stiffness_n: float = 0.0
    seam_bending: float = 1.0
    self_collision: bool = True
    layer_m: float = 1.5e-3
    rest_velocity_m_s: float = 1e-3
    rest_displacement_m: float = 5e-4
    residual_max: float = 1e-2
    n_threads: int | None = None
    penetration_max_m: float = 1e-3

    def __post_init__(self) -> None:
        positive = (
            "step_first_s", "step_max_s", "step_growth", "cg_tolerance", "move_max_m",
            "seam_bending",
            "contact_stiffness_pa_m", "friction_slip_m", "soft_stiffness", "layer_m",
        )  # fmt: skip
        for name in positive:
            if not getattr(self, name) > 0:
                raise DrapeError(f"{name} is {getattr(self, name)}; it must be above zero")
        if self.placed_reach_m is not None and not self.placed_reach_m >= self.friction_slip_m:
            raise DrapeError(
                f"placed_reach_m is {self.placed_reach_m}; it must not be below friction_slip_m, "
                f"{self.friction_slip_m}"
            )
        if self.n_threads is not None and self.n_threads < 1:
            raise DrapeError(f"{self.n_threads} threads were asked for; at least 1 is needed")
        if self.n_steps_max < 1 or self.cg_cap < 1:
            raise DrapeError(
                f"{self.n_steps_max} steps with {self.cg_cap} iterations each were asked for; "
                "both must be at least 1"
            )
