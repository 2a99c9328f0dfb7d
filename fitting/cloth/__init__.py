"""The fitting.cloth package."""
