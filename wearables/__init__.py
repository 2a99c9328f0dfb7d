"""The wearables package."""
