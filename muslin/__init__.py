"""The muslin package."""
