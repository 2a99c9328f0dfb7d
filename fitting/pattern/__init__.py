"""The fitting.pattern package."""
