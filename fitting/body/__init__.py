"""The fitting.body package."""
