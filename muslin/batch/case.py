"""Cases of a batch: one body, one garment in one size and fabric; and what makes them the same."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fitting.body import Measurements, Sex
from fitting.cloth import Fabric
from fitting.fit import FitClass
from fitting.pattern import Pattern, garmentcode_from_pattern
from muslin.batch.sources import code_digest
from muslin.people import Taped
from muslin.version import version

# Raised whenever results of the same inputs change; old results are then done again.
RESULT_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A garment in one size, the same for everybody who tries it on.

    Attributes:
        pattern: Name of the block or file.
        size: Size as it was asked for.
        sewn: What is sewn.
        fabric: What it is made of.
        fit_class: What it is meant to be.
        edge_length_m: Edge length of the cloth mesh.
    """

    pattern: str
    size: str
    sewn: Pattern
    fabric: Fabric
    fit_class: FitClass
    edge_length_m: float

    def digest(self) -> str:
        """Hash of everything that changes the drape, names of files aside."""
        return digest_of(
            {
                "sewn": garmentcode_from_pattern(self.sewn),
                "fabric": asdict(self.fabric) | {"provenance": dict(self.fabric.provenance)},
                "fit_class": _plain(self.fit_class),
                "edge_length_m": self.edge_length_m,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fit of a batch.

    Attributes:
        key: Hash of all inputs, of the version and of the code.
        body: Name of the body, for people; two bodies with the same tapes share a result.
        sex: Whose body model is meant.
        measures: Tape measures.
        style: What is tried on.
        seed: Seed of the run.
    """

    key: str
    body: str
    sex: Sex
    measures: Measurements
    style: Style
    seed: int


def case_of(body: Taped, style: Style, *, style_digest: str, seed: int) -> Case:
    """Make a case with its key.

    Args:
        body: Who tries on.
        style: What.
        style_digest: ``style.digest()``, which is the same for everybody.
        seed: Seed of the run.
    """
    key = digest_of(
        {
            "format": RESULT_FORMAT,
            "version": version(),
            "code": code_digest(),
            "sex": body.sex,
            "measures": body.measures.given(),
            "style": style_digest,
            "seed": seed,
        }
    )
    return Case(
        key=key, body=body.name, sex=body.sex, measures=body.measures, style=style, seed=seed
    )


def cases_of(
    bodies: Sequence[Taped], styles: Sequence[tuple[Sex, Style]], *, seed: int
) -> list[Case]:
    """Every body in every style of its sex, body by body in the order of the table."""
    digests = [style.digest() for _, style in styles]
    return [
        case_of(body, style, style_digest=digest, seed=seed)
        for body in bodies
        for (sex, style), digest in zip(styles, digests, strict=True)
        if sex == body.sex
    ]


def _plain(fit_class: FitClass) -> dict[str, Any]:
    """Thresholds of a fit class as plain numbers."""
    return {
        "name": fit_class.name,
        "intended": fit_class.intended,
        "accepted": list(fit_class.accepted),
        "default": {name: asdict(band) for name, band in fit_class.default.items()},
        "regions": {
            region: {name: asdict(band) for name, band in bands.items()}
            for region, bands in fit_class.regions.items()
        },
    }


def digest_of(content: dict[str, Any]) -> str:
    """Hash of plain content, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
