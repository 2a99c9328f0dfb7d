"""The fitting.fit package."""
