"""Samples that were computed and not measured say so, on the wire, in files and on pages.

The label stands in the descriptor, as the calibration of each channel, so it travels over every
link into every session. Older garments say it in the channel's name.
"""

from dataclasses import replace

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema

LABEL = "synthetic"


def is_synthetic(channel: ChannelSchema) -> bool:
    """Whether a channel says that its samples were computed."""
    return LABEL in channel.name or (channel.calibration or "").startswith(LABEL)


def synthetic_stream(stream: StreamSchema, how: str) -> StreamSchema:
    """The same stream with every channel labelled; ``how`` says what computed it."""
    text = f"{LABEL}: {how}"
    channels = tuple(replace(channel, calibration=text) for channel in stream.channels)
    return replace(stream, channels=channels)


def synthetic_schema(schema: GarmentSchema, how: str) -> GarmentSchema:
    """The same garment with every channel of every stream labelled."""
    streams = tuple(synthetic_stream(stream, how) for stream in schema.streams)
    return replace(schema, streams=streams)
