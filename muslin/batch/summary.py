"""What a batch says: fit rate by size and body type, and who is left out by the whole size run."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many of a group fit.

    Attributes:
        n_fit: Fits with an accepted verdict everywhere.
        n_judged: Fits at rest, which have a verdict.
        n_all: All that were asked for.
    """

    n_fit: int
    n_judged: int
    n_all: int

    @property
    def share(self) -> float | None:
        """Share of the judged that fit, no unit; None where nothing was judged."""
        return self.n_fit / self.n_judged if self.n_judged else None

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program."""
        return {"n_fit": self.n_fit, "n_judged": self.n_judged, "n": self.n_all,
                "share": self.share}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A body that no size fits.

    Attributes:
        body: Its name.
        type: Its body type.
        nearest: Size that misfits least.
        reason: Region and rule that stand in the way there.
    """

    body: str
    type: str
    nearest: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleSummary:
    """One garment in one fabric over all bodies and sizes.

    Attributes:
        pattern: The garment.
        fabric: Its fabric.
        fit_class: What it was judged as.
        sizes: Sizes in the order of the request.
        rows: Its rows of the table.
        by_size: Fit rate of every size.
        by_type: Fit rate of every body type by size.
        served: Bodies of every type that some size fits.
        left_out: Bodies that no size fits.
        undecided: Bodies that no size is known to fit, while some fit is missing or not at rest.
    """

    pattern: str
    fabric: str
    fit_class: str
    sizes: tuple[str, ...]
    rows: tuple[Row, ...]
    by_size: dict[str, Rate]
    by_type: dict[str, dict[str, Rate]]
    served: dict[str, Rate]
    left_out: tuple[LeftOut, ...]
    undecided: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program."""
        return {
            "pattern": self.pattern,
            "fabric": self.fabric,
            "fit_class": self.fit_class,
            "by_size": {size: rate.to_json() for size, rate in self.by_size.items()},
            "by_type": {
                kind: {size: rate.to_json() for size, rate in rates.items()}
                for kind, rates in self.by_type.items()
            },
            "served": {kind: rate.to_json() for kind, rate in self.served.items()},
            "left_out": [
                {"body": out.body, "type": out.type, "nearest": out.nearest, "reason": out.reason}
                for out in self.left_out
            ],
            "undecided": list(self.undecided),
        }


def summarise(rows: Sequence[Row]) -> tuple[StyleSummary, ...]:
    """Summarise every garment and fabric, in the order of the table."""
    styles = _groups(rows, lambda row: (row["pattern"], row["fabric"], row["fit_class"]))
    return tuple(_style(key, own) for key, own in styles.items())


def _style(key: tuple[str, str, str], rows: list[Row]) -> StyleSummary:
    by_body = _groups(rows, lambda row: row["body"])
    fitting = {body for body, own in by_body.items() if any(row["fits"] for row in own)}
    without = [body for body in by_body if body not in fitting]
    # Only who was judged in every size is known to be left out.
    undecided = {body for body in without if any(row["fits"] is None for row in by_body[body])}
    types = _groups(rows, lambda row: row["type"])
    return StyleSummary(
        pattern=key[0], fabric=key[1], fit_class=key[2],
        sizes=tuple(dict.fromkeys(row["size"] for row in rows)),
        rows=tuple(rows),
        by_size={size: _rate(own) for size, own in _groups(rows, lambda r: r["size"]).items()},
        by_type={
            kind: {size: _rate(each) for size, each in _groups(own, lambda r: r["size"]).items()}
            for kind, own in sorted(types.items())
        },
        served={kind: _served(own, fitting, undecided) for kind, own in sorted(types.items())},
        left_out=tuple(_left_out(by_body[body]) for body in without if body not in undecided),
        undecided=tuple(body for body in without if body in undecided),
    )  # fmt: skip


def _groups(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _rate(rows: Sequence[Row]) -> Rate:
    judged = [row for row in rows if row["fits"] is not None]
    return Rate(
        n_fit=sum(bool(row["fits"]) for row in judged), n_judged=len(judged), n_all=len(rows)
    )


def _served(rows: Sequence[Row], fitting: set[str], undecided: set[str]) -> Rate:
    bodies = {row["body"] for row in rows}
    return Rate(n_fit=len(bodies & fitting), n_judged=len(bodies - undecided), n_all=len(bodies))


def _left_out(rows: Sequence[Row]) -> LeftOut:
    nearest = min(rows, key=lambda row: abs(row["limiting_misfit"] or 0.0))
    region = str(nearest["limiting_region"] or "nothing was judged").replace("_", " ")
    reason = f"{region} {nearest['limiting_verdict'] or ''}: {nearest['limiting_rule'] or ''}"
    return LeftOut(
        body=nearest["body"], type=nearest["type"], nearest=nearest["size"],
        reason=reason.strip(" :"),
    )  # fmt: skip
