"""Sessions in the formats of the field; every export says what is missing."""

from wearables.sessions.export.formats import FORMATS, export_session

__all__ = ["FORMATS", "export_session"]
