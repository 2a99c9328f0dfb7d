"""Errors of the twin.

muslin.errors.InputError
└── SensorError   sensors that cannot be read, placed or found on a garment; carries findings
"""

from collections.abc import Sequence

from fitting.pattern import Finding
from muslin.errors import InputError


class SensorError(InputError):
    """Sensors that cannot be read or placed.

    Attributes:
        findings: Every problem, with panel and remedy; empty where the sentence says it all.
    """

    def __init__(self, text: str, *, findings: Sequence[Finding] = ()) -> None:
        super().__init__(text)
        self.findings = tuple(findings)
