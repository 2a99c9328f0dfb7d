"""The wearables.sessions package."""
