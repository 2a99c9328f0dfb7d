"""Who wore the garment."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectInfo:
    """Who wore the garment; never a name or a birth date.

    Attributes:
        id: Pseudonym.
        sex: ``female``, ``male`` or what the study uses.
        birth_year: Year only.
        height_m: Stature.
        mass_kg: Mass.
        dominant_side: ``left`` or ``right``.
        consent: What the subject agreed to, as the study names it.
    """

    id: str
    sex: str | None = None
    birth_year: int | None = None
    height_m: float | None = None
    mass_kg: float | None = None
    dominant_side: str | None = None
    consent: str | None = None
