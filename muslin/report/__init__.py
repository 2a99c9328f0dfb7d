"""The muslin.report package."""
