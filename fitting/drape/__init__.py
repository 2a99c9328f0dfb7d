"""The drape engine: garments to static equilibrium on bodies. numba loads on the first call."""

from fitting.drape.batch import Job, drape_batch
from fitting.drape.fixings import Band, Hold
from fitting.drape.layers import wear_together
from fitting.drape.result import Drape
from fitting.drape.sequence import drape_sequence
from fitting.drape.settings import PLACED_REACH_M, DrapeSettings
from fitting.drape.solve import drape

__all__ = [
    "PLACED_REACH_M",
    "Band",
    "Drape",
    "DrapeSettings",
    "Hold",
    "Job",
    "drape",
    "drape_batch",
    "drape_sequence",
    "wear_together",
]
