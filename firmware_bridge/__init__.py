"""The firmware_bridge package."""
