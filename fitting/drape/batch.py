"""Many drapes side by side: bodies, sizes and fabrics over processes."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np

from fitting.body.body import Body
from fitting.cloth.cloth import Cloth, ClothLevels
from fitting.cloth.fabric import Fabric
from fitting.drape.result import Drape
from fitting.drape.settings import DrapeSettings
from fitting.drape.solve import drape


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One drape of a batch.

    Attributes:
        name: Key under which its result comes back.
        cloth: Garment, placed on the body.
        body: Who wears it.
        fabrics: Fabrics that the cloth points into.
        settings: Settings of the engine.
        seed: Seed of the run.
    """

    name: str
    cloth: Cloth | ClothLevels
    body: Body | None
    fabrics: tuple[Fabric, ...]
    settings: DrapeSettings | None = None
    seed: int = 0


def drape_batch(
    jobs: Sequence[Job], *, n_processes: int | None = None
) -> Iterator[tuple[str, Drape | Exception]]:
    """Drape many garments, one thread each, over processes.

    Kernels are compiled once and read from the cache by every process.

    Args:
        jobs: What to drape.
        n_processes: Processes, as many as there are cores by default; 1 stays in this process.

    Yields:
        Name and drape as they become ready, or name and what was wrong with the input.
    """
    if n_processes == 1:
        for job in jobs:
            yield job.name, _run(job)
        return
    # Spawned, not forked: the threads of the kernels do not survive a fork.
    with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(_run, job): job.name for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _run(job: Job) -> Drape | Exception:
    settings = replace(job.settings or DrapeSettings(), n_threads=1)
    try:
        return drape(
            job.cloth, job.body, job.fabrics, settings=settings,
            rng=np.random.default_rng(job.seed),
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001 - one bad input must not end the batch
        return error
