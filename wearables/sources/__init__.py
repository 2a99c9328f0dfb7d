"""Sources beside garments and sensors, and what joins any source: markers, pause, a monitor."""

from wearables.sources.controls import Controls
from wearables.sources.feed import Feed, LiveClock, stream_channels
from wearables.sources.markers import UdpMarkers, with_markers
from wearables.sources.monitor import Monitor, StreamState
from wearables.sources.replay import ReplaySource

__all__ = [
    "Controls",
    "Feed",
    "LiveClock",
    "Monitor",
    "ReplaySource",
    "StreamState",
    "UdpMarkers",
    "stream_channels",
    "with_markers",
]
