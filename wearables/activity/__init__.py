"""The wearables.activity package."""
