"""A fit that follows its body through a movement, pose after pose."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fitting.body import clip_between, clip_bodies
from fitting.drape import drape_sequence
from muslin.errors import InputError
from muslin.studio.fitted import Fitted
from muslin.studio.mesh_bytes import pack_arrays

# Stances that a movement passes, after the one that was draped.
MOTIONS = {
    "walk": (
        "walk_contact", "walk_loading", "walk_mid_stance", "walk_terminal_stance",
        "walk_pre_swing", "walk_mid_swing",
    ),
    "arm_raise": ("arms_up",),
}  # fmt: skip
N_BETWEEN = {"walk": 1, "arm_raise": 6}


def follow(fitted: Fitted, motion: str, *, progress: Callable[[int, int], None]) -> bytes:
    """Drape every pose of a movement from the one before; returns frames for the page.

    Args:
        fitted: Where it starts.
        motion: Key of `MOTIONS`.
        progress: Called before each pose with its number and how many there are.

    Raises:
        InputError: If the movement is not known.
        FittingError: If body or garment cannot follow.
    """
    if motion not in MOTIONS:
        raise InputError(f"movement {motion!r} is not known; known are {', '.join(MOTIONS)}")
    fit = fitted.fit
    stances = (fitted.wish.pose, *MOTIONS[motion])
    clip = clip_between(stances, n_between=N_BETWEEN[motion])
    # The first pose is the one that was draped, standing where it stood.
    bodies = [fit.body, *list(clip_bodies(fitted.wearer.body, clip))[1:]]
    cloth = replace(fit.cloth, positions_m=fit.drape.positions_m)
    positions, n = [], len(bodies)
    progress(0, n)
    rng = np.random.default_rng(fit.garment.seed)
    fabrics = (fit.garment.fabric,)
    for i, draped in enumerate(drape_sequence(cloth, bodies, fabrics, settle=False, rng=rng)):
        progress(i + 1, n)
        positions.append(draped.positions_m)
    frames = {
        "body_frames": np.stack([body.vertices_m for body in bodies]),
        "cloth_frames": np.stack(positions),
    }
    return pack_arrays({"motion": motion, "n_frames": n}, frames)
