"""UCUM units to SI, and the suffix that a channel's name gets for it."""

from wearables.errors import SessionError

STANDARD_GRAVITY_M_S2 = 9.80665

# UCUM unit: (factor to SI, suffix of the channel name)
_SI: dict[str, tuple[float, str]] = {
    "1": (1.0, "1"),
    "%": (0.01, "1"),
    "[g]": (STANDARD_GRAVITY_M_S2, "m_s2"),
    "m[g]": (STANDARD_GRAVITY_M_S2 / 1000, "m_s2"),
    "m/s2": (1.0, "m_s2"),
    "rad/s": (1.0, "rad_s"),
    "deg/s": (0.017453292519943295, "rad_s"),
    "V": (1.0, "v"),
    "mV": (1e-3, "v"),
    "uV": (1e-6, "v"),
    "uS": (1e-6, "s"),
    "S": (1.0, "s"),
    "Pa": (1.0, "pa"),
    "kPa": (1e3, "pa"),
    "K": (1.0, "k"),
    "uT": (1e-6, "t"),
    "/min": (1 / 60, "hz"),
    "Hz": (1.0, "hz"),
    "s": (1.0, "s"),
    "ms": (1e-3, "s"),
    "m": (1.0, "m"),
    "m/s": (1.0, "m_s"),
    "kJ": (1e3, "j"),
    "{count}": (1.0, "counts"),
}


def si_factor(unit: str) -> float:
    """Factor from a UCUM unit to SI.

    Raises:
        SessionError: If the unit is not in the table.
    """
    return _lookup(unit)[0]


def si_name(channel: str, unit: str) -> str:
    """Name of a channel with its SI unit: ``acc_x`` in ``[g]`` becomes ``acc_x_m_s2``."""
    return f"{channel}_{_lookup(unit)[1]}"


def _lookup(unit: str) -> tuple[float, str]:
    if unit not in _SI:
        raise SessionError(f"unit {unit!r} is not known; known are {', '.join(sorted(_SI))}")
    return _SI[unit]
