"""The drape engine: garments to static equilibrium on bodies. numba loads on the first call."""

from fitting.drape.result import Drape
from fitting.drape.settings import DrapeSettings
from fitting.drape.solve import drape

__all__ = ["Drape", "DrapeSettings", "drape"]
