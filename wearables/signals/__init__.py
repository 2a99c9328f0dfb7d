"""The wearables.signals package."""
