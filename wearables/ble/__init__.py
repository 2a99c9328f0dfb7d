"""The wearables.ble package."""
