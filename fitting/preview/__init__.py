"""The fitting.preview package."""
