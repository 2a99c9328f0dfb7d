"""One problem of a pattern: its kind, its place, its numbers, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# `broken`: no geometry can be built. `problem`: it would sew or drape wrongly. `hint`: look at it.
Severity = Literal["broken", "problem", "hint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem.

    Attributes:
        code: Short name of the kind.
        panel: Where; empty when it is about the whole pattern.
        edge: Which edge, when it is about one.
        text: What was found.
        remedy: What to do.
        severity: How bad it is.
        numbers: The measures behind it, units in their names.
    """

    code: str
    panel: str
    edge: int | None
    text: str
    remedy: str = ""
    severity: Severity = "problem"
    numbers: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        place = self.panel if self.edge is None else f"{self.panel}, edge {self.edge}"
        remedy = f". {self.remedy[:1].upper()}{self.remedy[1:]}" if self.remedy else ""
        return f"{self.code}{' ' if place else ''}{place}: {self.text}{remedy}"

    def sentence(self) -> str:
        """The same for an error message: place in words, no code."""
        place = f"panel {self.panel!r}" if self.panel else ""
        if self.panel and self.edge is not None:
            place += f", edge {self.edge}"
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{place}{': ' if place else ''}{self.text}{remedy}"

    def to_json(self) -> dict[str, Any]:
        """Finding for a program."""
        return {
            "code": self.code,
            "severity": self.severity,
            "panel": self.panel,
            "edge": self.edge,
            "text": self.text,
            "remedy": self.remedy,
            "numbers": dict(self.numbers),
        }
