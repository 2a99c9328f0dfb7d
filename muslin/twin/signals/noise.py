"""Noise of a sensor: white, and a slow walk. The seed decides every sample, blocks do not."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from muslin.errors import InputError
from wearables.signals.operator import Memory


class SensorNoise(Memory):
    """Draws noise sample by sample from one seed, however the signal is cut.

    The white part has the standard deviation ``white``; the walk grows by ``walk`` a root second.
    Units are those of the reading.
    """

    memory = ("_generator_state", "_walked")

    def __init__(
        self, *, white: float, walk: float, n_channels: int, rate_hz: float, seed: int
    ) -> None:
        if white < 0 or walk < 0:
            raise InputError(f"noise of {white} and walk of {walk} must be at least 0")
        self._white, self._step = white, walk / float(np.sqrt(rate_hz))
        self._n_channels, self._seed = n_channels, seed
        self.reset()

    def reset(self) -> None:
        """Start at the seed again."""
        self._rng = np.random.default_rng(self._seed)
        self._walked = np.zeros(self._n_channels)

    @property
    def _generator_state(self) -> Any:
        return self._rng.bit_generator.state

    @_generator_state.setter
    def _generator_state(self, value: Any) -> None:
        self._rng.bit_generator.state = value

    def draw(self, n_samples: int) -> NDArray[np.float64]:
        """Noise of the next samples, shape (n_samples, n_channels)."""
        drawn = self._rng.standard_normal((n_samples, 2, self._n_channels))
        steps = np.concatenate([self._walked[None], self._step * drawn[:, 1]])
        # One running sum from sample to sample: a block starts where the last one ended.
        walked = np.cumsum(steps, axis=0)[1:]
        if n_samples:
            self._walked = walked[-1].copy()
        return self._white * drawn[:, 0] + walked
