"""One page for a survey: whom each sensor works for, why not, and what would help."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from fitting.errors import FittingError
from muslin.errors import InputError
from muslin.report.figures import COLORS, new_figure, svg
from muslin.report.html import card, figure_box, page, table
from muslin.twin.sensors.garment import TwinGarment
from muslin.twin.sensors.requirement import QUANTITIES, Requirement
from muslin.twin.survey.cases import CaseResult
from muslin.twin.survey.search import SearchResult
from muslin.twin.survey.survey import Survey
from muslin.twin.worn.draw import write_picture
from muslin.twin.worn.person import Person
from muslin.twin.worn.reading import Reading, read_worn
from muslin.twin.worn.wear import wear_pattern

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What a strip of a sensor shows: what its requirement speaks of first.
_SHOWN = ("pressure_mean_pa", "strain", "contact_share")
_OF = {inside: (words, factor) for inside, _, words, factor in QUANTITIES.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture for the page.

    Attributes:
        png: The file's bytes.
        caption: What it shows.
    """

    png: bytes
    caption: str


def picture_of(
    garment: TwinGarment,
    survey: Survey,
    people: Sequence[Person],
    requirements: Mapping[str, Requirement],
    *,
    edge_length_m: float,
    title: str,
) -> Picture | None:
    """Drape the garment on the person in the middle and draw its sensors; None where it fails.

    Args:
        garment: The garment, as surveyed or as a search left it.
        survey: The survey, for sizes.
        people: Its people.
        requirements: What sensors need.
        edge_length_m: Edge length of the cloth mesh.
        title: What it shows.
    """
    middle = sorted(people, key=lambda person: person.measures.bust_girth or 0.0)[len(people) // 2]
    size_step = survey.size_of[middle.name]
    try:
        if survey.chart is None:
            pattern = garment.draft(middle.measures, size_step=size_step)
        else:
            pattern = replace(survey.chart, garment=garment).pattern(size_step)
        worn = wear_pattern(garment, pattern, middle.body, edge_length_m=edge_length_m)
        readings = read_worn(worn, requirements=requirements)
    except (FittingError, InputError):
        return None
    with TemporaryDirectory() as folder:
        path = Path(folder) / "worn.png"
        write_picture(path, worn, readings, title=f"{title}, size {size_step:+d}")
        return Picture(png=path.read_bytes(), caption=f"{title}, on {middle.name}.")


def survey_page(
    survey: Survey, found: SearchResult | None = None, *, pictures: Sequence[Picture] = ()
) -> str:
    """The page as HTML text.

    Args:
        survey: Results.
        found: What the search found, if there was one.
        pictures: Pictures of the worn garment.
    """
    name = survey.garment.pattern.replace("_", " ")
    failures = survey.failures()
    n_cases = len(survey.results)
    body = [
        f"<h1>Sensors of the {escape(name)} on {len(survey.people)} people</h1>",
        f'<p class="soft">{n_cases} drapes in sizes {", ".join(f"{s:+d}" for s in survey.steps)} '
        f"of {escape(survey.garment.fabric.name.replace('_', ' '))}; "
        f"{escape(_made(survey))}. Rigid bodies at rest in the A stance: bony places read "
        "high.</p>",
        '<div class="cards">',
        *(card(f"{survey.share(s):.0%}", f"{s} works in their size") for s in survey.sensors),
        card(f"{len(failures)}", f"of {n_cases} cases failed"),
        "</div>",
        "<h2>By size</h2>",
        table(
            ("sensor", *(f"all in {s:+d} [%]" for s in survey.steps), "own size [%]"),
            [
                [
                    n,
                    *(f"{100 * survey.share(n, step=s):.0f}" for s in survey.steps),
                    f"{100 * survey.share(n):.0f}",
                ]
                for n in survey.sensors
            ],
        ),
        *(_search(found) if found is not None else ()),
        *(figure_box(_image(picture), picture.caption) for picture in pictures),
        "<h2>What each sensor feels</h2>",
        figure_box(
            _strips(survey),
            "A dot for each person in their size, pale in the other sizes; the band is what "
            "the sensor needs.",
        ),
        "<h2>Why sensors do not work</h2>",
        _reasons(survey),
        *_failed(survey, failures),
        '<p class="soft">Not a medical device. Fabric numbers marked as estimated in the card '
        "carry over to every pressure here.</p>",
    ]
    return page(f"Survey of the {name}", body)


def _image(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode("ascii")
    return (
        f'<img alt="{escape(picture.caption)}" style="width:100%" '
        f'src="data:image/png;base64,{data}">'
    )


def _made(survey: Survey) -> str:
    if survey.chart is None:
        return "each garment made to measure"
    return "ready-made sizes, each person in the size whose girth is nearest"


def _search(found: SearchResult) -> list[str]:
    words = {"naive": "as placed", "placement": "better place", "ease": "better ease",
             "both": "both"}  # fmt: skip
    return [
        f"<h2>A better place for {escape(', '.join(found.sensors))}</h2>",
        f"<p>{escape(found.sentence)}.</p>",
        table(
            ("change", f"{len(found.seen)} people searched on [%]", "expected in folds [%]",
             f"{len(found.unseen)} people unseen [%]"),
            [[f"{w}, proposed" if k == found.kept else w, f"{100 * found.shares_seen[k]:.0f}",
              f"{100 * found.expected[k]:.0f}", f"{100 * found.shares[k]:.0f}"]
             for k, w in words.items()],
        ),
        f'<p class="soft">{found.n_looks} looks at placements, {found.n_drapes} drapes for other '
        "eases.</p>",
    ]  # fmt: skip


def _strips(survey: Survey) -> str:
    """A row for each sensor: values of all people, with the wanted range."""
    figure, axes = new_figure(1.15 * len(survey.sensors) + 0.4, len(survey.sensors), share_x=False)
    rng = np.random.default_rng(0)
    for axis, name in zip(axes, survey.sensors, strict=True):
        _strip(axis, survey, name, rng)
    return svg(figure, "Values of every sensor over people, with the range it needs")


def _strip(axis: "Axes", survey: Survey, name: str, rng: np.random.Generator) -> None:
    own = {id(result) for result in survey.own()}
    axis.set_yticks([])
    axis.set_ylim(-1.2, 1.2)
    readings = [
        (r, id(result) in own)
        for result in survey.results.values()
        for r in result.readings
        if r.sensor.name == name
    ]
    quantity = _quantity([reading for reading, _ in readings])
    words, factor = _OF[quantity]
    axis.set_xlabel(f"{name}: {words}", fontsize=8)
    for wanted in {j.range for r, _ in readings for j in r.judgements if j.quantity == quantity}:
        low = -1e3 if wanted.low is None else wanted.low * factor
        high = 1e3 if wanted.high is None else wanted.high * factor
        limits = [getattr(r, quantity) * factor for r, _ in readings]
        axis.axvspan(
            max(low, min([*limits, low if wanted.low is not None else min(limits)])),
            min(high, max([*limits, high if wanted.high is not None else max(limits)])),
            color=COLORS[2], alpha=0.15, linewidth=0,
        )  # fmt: skip
    for is_own in (False, True):
        rows = [r for r, mine in readings if mine == is_own]
        values = [getattr(r, quantity) * factor for r in rows]
        colors = [COLORS[2] if r.works else COLORS[1] for r in rows]
        axis.scatter(
            values, rng.uniform(-0.7, 0.7, len(rows)), s=22 if is_own else 9, c=colors or None,
            alpha=0.95 if is_own else 0.25, linewidths=0,
        )  # fmt: skip


def _quantity(readings: Sequence[Reading]) -> str:
    judged = {j.quantity for reading in readings for j in reading.judgements}
    return next((q for q in _SHOWN if q in judged), _SHOWN[0])


def _reasons(survey: Survey) -> str:
    """How often each quantity is out of its range, in people's own sizes."""
    counts: dict[tuple[str, str], int] = {}
    for result in survey.own():
        for reading in result.readings:
            for judged in reading.judgements:
                if judged.verdict != "ok":
                    words = _OF[judged.quantity][0]
                    key = (reading.sensor.name, f"{words} {judged.verdict}")
                    counts[key] = counts.get(key, 0) + 1
    if not counts:
        return "<p>Every sensor that was read works in its wearer's size.</p>"
    rows = [[sensor, why, str(n)] for (sensor, why), n in sorted(counts.items())]
    return table(("sensor", "what is out of range", "people"), rows, n_words=2)


def _failed(survey: Survey, failures: Sequence[CaseResult]) -> list[str]:
    if not failures and not survey.unmade:
        return []
    items = [
        f"<li><b>{escape(u.name)}</b>: no body: {escape(u.reason)}</li>" for u in survey.unmade
    ]
    items += [
        f"<li><b>{escape(f.person)}</b>, size {f.size_step:+d}: {escape(f.state)}: "
        f"{escape(f.reason)}</li>"
        for f in failures
    ]
    return [f'<h2>Failed cases</h2><ul class="bad">{"".join(items)}</ul>']
