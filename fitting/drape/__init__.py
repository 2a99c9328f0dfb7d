"""The fitting.drape package."""
