"""Sources beside garments and sensors: replayed sessions, LSL streams, markers over the network."""

from wearables.sources.markers import UdpMarkers, with_markers
from wearables.sources.replay import ReplaySource

__all__ = ["ReplaySource", "UdpMarkers", "with_markers"]
