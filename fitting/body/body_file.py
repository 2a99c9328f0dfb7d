"""One door for body files: our TOML, and measurement files of Seamly2D and Valentina."""

import logging
from pathlib import Path

from fitting.body.measurements import Measurements, Sex, read_measurements
from fitting.body.seamly import SUFFIXES, read_seamly
from fitting.errors import MeasurementError

logger = logging.getLogger(__name__)


def read_body_file(path: Path) -> tuple[Measurements, Sex]:
    """Read the tape measures of one person, whatever wrote them.

    Args:
        path: TOML with ``sex`` and ``[measures_cm]``; or ``.vit``, ``.smis``, and the base size of
            ``.vst`` and ``.smms``, which state the gender of the person.

    Raises:
        MeasurementError: If it cannot be read, says no sex, or a measure is not human.
    """
    if path.suffix.lower() not in SUFFIXES:
        return read_measurements(path)
    found = read_seamly(path)
    if found.sex is None:
        raise MeasurementError(
            f"{path} says no gender; choose male or female in the program that wrote it "
            "(<gender> under <personal>)"
        )
    if found.not_mapped:
        logger.info(
            "%s: %d measures have no name here: %s", path.name, len(found.not_mapped),
            ", ".join(found.not_mapped),
        )  # fmt: skip
    return found.measurements, found.sex
