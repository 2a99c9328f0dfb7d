"""Skin of a session: its temperature, and what its conductance says of arousal."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from muslin.analysis.vitals import Runs, first_of
from wearables.errors import SignalError
from wearables.signals import run
from wearables.signals.skin import (
    ResponseDetector,
    SkinResponse,
    SkinTemperature,
    SkinThermometer,
    TonicPhasic,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skin:
    """Skin of a session; names are empty where nothing shows it.

    Attributes:
        temperature_stream: Stream of the temperature.
        temperatures: Level per window, with why it is not known.
        conductance_stream: Stream of the conductance.
        conductance_column: Its channel.
        responses: Skin conductance responses.
        tonic_s: Median of the slow level [S]; NaN without one.
        responses_per_min: Over the time that was recorded; NaN without any.
    """

    temperature_stream: str = ""
    temperatures: tuple[SkinTemperature, ...] = ()
    conductance_stream: str = ""
    conductance_column: int = 0
    responses: tuple[SkinResponse, ...] = ()
    tonic_s: float = math.nan
    responses_per_min: float = math.nan

    @property
    def median_k(self) -> float:
        """Median temperature of the windows that have one."""
        known = [one.temperature_k for one in self.temperatures]
        known = [value for value in known if math.isfinite(value)]
        return float(np.median(known)) if known else math.nan


def skin(streams: Mapping[str, Runs]) -> Skin:
    """Temperature and conductance, from the first stream that has each."""
    stream, levels = _temperatures(first_of(streams, "temperature"))
    found = first_of(streams, "eda")
    if found is None:
        return Skin(temperature_stream=stream, temperatures=levels)
    reader, runs = found
    column, rate_hz = reader.kinds.index("eda"), reader.nominal_rate_hz
    try:
        responses = run(ResponseDetector(rate_hz=rate_hz, channel=column), runs)
    except SignalError:
        responses = []  # too slow a stream has a level, but no responses
    blocks = run(TonicPhasic(rate_hz=rate_hz, channel=column), runs)
    tonic = np.concatenate([block.values[:, 0] for block in blocks])
    minutes = np.isfinite(tonic).sum() / rate_hz / 60
    return Skin(
        temperature_stream=stream,
        temperatures=levels,
        conductance_stream=reader.name,
        conductance_column=column,
        responses=tuple(responses),
        tonic_s=float(np.nanmedian(tonic)) if minutes else math.nan,
        responses_per_min=len(responses) / minutes if minutes else math.nan,
    )


def _temperatures(found: Runs | None) -> tuple[str, tuple[SkinTemperature, ...]]:
    if found is None:
        return "", ()
    reader, runs = found
    channel = reader.kinds.index("temperature")
    thermometer = SkinThermometer(rate_hz=reader.nominal_rate_hz, channel=channel)
    return reader.name, tuple(run(thermometer, runs))
