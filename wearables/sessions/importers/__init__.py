"""Bring recordings of other programs into the session layout, with what is missing explicit."""

from wearables.sessions.importers.formats import IMPORTERS, import_recording
from wearables.sessions.importers.write import ImportReport

__all__ = ["IMPORTERS", "ImportReport", "import_recording"]
