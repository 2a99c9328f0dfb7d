"""Numbers for programs: JSON files that every reader takes, without NaN."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write data as indented JSON.

    Raises:
        ValueError: If a number is not finite; what is not known must be None.
        OSError: If the file cannot be written.
    """
    text = json.dumps(data, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
