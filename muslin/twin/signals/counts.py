"""Readings in SI to raw counts of a channel, as its converter would give them."""

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.schema import ChannelSchema
from wearables.sessions.units import si_factor


def counts_of(values_si: NDArray[np.float64], channel: ChannelSchema) -> NDArray[np.int64]:
    """Counts of a channel, shape (n,); what is beyond its bits stays at the rail.

    Args:
        values_si: Readings, finite, shape (n,).
        channel: Unit, scale, offset and bits.

    Raises:
        SessionError: If the unit is not known.
    """
    physical = values_si / si_factor(channel.unit)
    counts = np.rint(physical / channel.scale + channel.offset)
    low, high = channel.count_range
    return np.clip(counts, low, high).astype(np.int64)


def values_of(counts: NDArray[np.integer], channel: ChannelSchema) -> NDArray[np.float64]:
    """Readings in SI of counts, shape (n,)."""
    values = counts.astype(np.float64)
    return (values - channel.offset) * channel.scale * si_factor(channel.unit)
