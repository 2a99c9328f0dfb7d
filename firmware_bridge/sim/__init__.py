"""The firmware_bridge.sim package."""
