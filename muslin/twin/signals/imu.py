"""What a motion module feels on its way: turning rate and specific force, by smooth derivatives.

World frame: y up. The way goes through all places as a spline of degree five, the orientation as a
cubic spline of rotations (both twice continuously differentiable), so rates and accelerations are
derivatives of a curve and not differences of samples. An accelerometer reads specific force:
``R_sensor_world @ (a - g)``, upward at rest.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from muslin.errors import InputError
from muslin.twin.signals.noise import SensorNoise
from wearables.events import SampleBlock
from wearables.signals.operator import Operator

GRAVITY_M_S2 = 9.80665
CHANNELS = ("acc_x_m_s2", "acc_y_m_s2", "acc_z_m_s2", "gyr_x_rad_s", "gyr_y_rad_s", "gyr_z_rad_s")
_UP = np.array([0.0, 1.0, 0.0])
_FEWEST = 6


class ImuPath:
    """A smooth way of a sensor through space."""

    def __init__(
        self,
        time_s: NDArray[np.float64],
        position_m: NDArray[np.float64],
        R_world_sensor: NDArray[np.float64],
    ) -> None:
        """Lay a curve through places and orientations.

        Args:
            time_s: Rising times, shape (n,), n at least 6.
            position_m: Place at each time, shape (n, 3).
            R_world_sensor: Sensor to world at each time, shape (n, 3, 3).

        Raises:
            InputError: If there are too few, or shapes disagree.
        """
        from scipy.interpolate import make_interp_spline
        from scipy.spatial.transform import Rotation, RotationSpline

        n = len(time_s)
        if n < _FEWEST or position_m.shape != (n, 3) or R_world_sensor.shape != (n, 3, 3):
            raise InputError(
                f"{n} times, places {position_m.shape} and rotations {R_world_sensor.shape} are no "
                f"way; at least {_FEWEST} of each are needed"
            )
        self._place = make_interp_spline(time_s, position_m, k=5)
        self._turn = RotationSpline(time_s, Rotation.from_matrix(R_world_sensor))
        self.start_s, self.stop_s = float(time_s[0]), float(time_s[-1])

    def acceleration_m_s2(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Acceleration in the world, shape (n, 3)."""
        return np.asarray(self._place(at_s, nu=2))

    def rate_rad_s(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turning rate in the sensor's frame, shape (n, 3)."""
        return np.asarray(self._turn(at_s, 1))

    def specific_force_m_s2(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """What an accelerometer reads in the sensor's frame, shape (n, 3)."""
        felt = self.acceleration_m_s2(at_s) + GRAVITY_M_S2 * _UP
        return self._turn(at_s).inv().apply(felt)

    def felt(self, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Both, in the order of `CHANNELS`, shape (n, 6)."""
        return np.concatenate([self.specific_force_m_s2(at_s), self.rate_rad_s(at_s)], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImuSettings:
    """How a motion module answers; noise of a common consumer part at 100 Hz.

    Attributes:
        R_sensor_mount: How the part sits in its pocket: mount's frame to the sensor's, (3, 3).
        acc_bias_m_s2: Constant error of the accelerometer, shape (3,).
        gyr_bias_rad_s: Constant error of the gyroscope, shape (3,).
        acc_noise_m_s2_rthz: White noise, per root hertz.
        gyr_noise_rad_s_rthz: White noise, per root hertz.
        gyr_walk_rad_s: Growth of the gyroscope's drift, per root second.
    """

    R_sensor_mount: NDArray[np.float64] = field(default_factory=lambda: np.eye(3))
    acc_bias_m_s2: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gyr_bias_rad_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    acc_noise_m_s2_rthz: float = 230e-6 * GRAVITY_M_S2
    gyr_noise_rad_s_rthz: float = 2.6e-4
    gyr_walk_rad_s: float = 1e-5

    def __post_init__(self) -> None:
        R = self.R_sensor_mount
        if R.shape != (3, 3) or np.abs(R @ R.T - np.eye(3)).max() > 1e-6:
            raise InputError("R_sensor_mount is no rotation matrix")


class ImuErrors(Operator[SampleBlock]):
    """Turns what a module feels into what it says: tilt in the pocket, bias, noise."""

    memory = ("_acc", "_gyr")

    def __init__(self, settings: ImuSettings, *, rate_hz: float, seed: int) -> None:
        self.settings, self.rate_hz = settings, rate_hz
        # White noise up to half the rate.
        band = float(np.sqrt(rate_hz / 2))
        self._acc = SensorNoise(
            white=settings.acc_noise_m_s2_rthz * band, walk=0.0, n_channels=3, rate_hz=rate_hz,
            seed=seed,
        )  # fmt: skip
        self._gyr = SensorNoise(
            white=settings.gyr_noise_rad_s_rthz * band, walk=settings.gyr_walk_rad_s,
            n_channels=3, rate_hz=rate_hz, seed=seed + 1,
        )  # fmt: skip
        self._bias = np.array([*settings.acc_bias_m_s2, *settings.gyr_bias_rad_s])

    def reset(self) -> None:
        """Start anew, at the seed."""
        self._acc.reset()
        self._gyr.reset()

    def gap(self, n_missing: int) -> list[SampleBlock]:
        """Noise goes on, unseen."""
        self._acc.draw(n_missing)
        self._gyr.draw(n_missing)
        return []

    def __call__(self, block: SampleBlock) -> list[SampleBlock]:
        """Readings of the next samples, six columns in the order of `CHANNELS`."""
        R = self.settings.R_sensor_mount
        pairs = block.values.reshape(-1, 2, 3)
        # Row by row and not as one product: blocks must not change the order of a sum.
        turned = (R * pairs[:, :, None, :]).sum(axis=-1).reshape(-1, 6)
        noise = np.concatenate([self._acc.draw(len(pairs)), self._gyr.draw(len(pairs))], axis=1)
        return [replace(block, values=turned + self._bias + noise)]
