"""From a scene to the account of its rest, with a second try where coarse meshes led astray."""

from collections.abc import Callable

from fitting.drape.account import account
from fitting.drape.cascade import Scene, cascade
from fitting.drape.engine import Engine
from fitting.drape.result import Drape


def come_to_rest(
    scene: Scene,
    *,
    seed: int,
    start_ns: int,
    progress: Callable[[int, float], None] | None = None,
) -> tuple[Engine, Drape]:
    """Relax a scene; what ends in the body or crossing is tried once more from a finer mesh.

    Long edges of a coarse mesh pass through a hand between two vertices that both stay outside,
    and no step leads out again.

    Raises:
        DrapeError: If the garment starts tangled and cannot be freed; names the panels.
    """
    finest, most_m = scene.garment.finest, scene.settings.penetration_max_m
    engine, run, coarse = cascade(scene, progress=progress)
    first = account(finest, engine, run, coarse, seed=seed, start_ns=start_ns)
    caught = first.penetration_max_m > most_m or first.intersections_cloth_cloth > 0
    if not coarse or not caught:
        return engine, first
    other, run, coarse = cascade(scene, n_left_out=1, progress=progress)
    again = account(finest, other, run, coarse, seed=seed, start_ns=start_ns)
    return (other, again) if again.converged else (engine, first)
