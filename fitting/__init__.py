"""The fitting package."""
