"""The summary sheet of a batch: one HTML file with its pictures in it, nothing from outside."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from muslin.batch.summary import Rate, Row, StyleSummary
from muslin.version import version

# Word, sign and colour of a cell; colours of Okabe and Ito, never alone.
_CELLS = {
    "fits": ("fits", "+", "#009e73"),
    "tight": ("too tight", "T", "#d55e00"),
    "loose": ("too loose", "L", "#56b4e9"),
    "other": ("does not fit", "x", "#e69f00"),
    "unrested": ("did not come to rest", "~", "#bbbbbb"),
    "failed": ("failed", "!", "#444444"),
    "missing": ("missing", "?", "#ffffff"),
}
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;color:#222;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.2rem}h3{font-size:1rem}
table{border-collapse:collapse;margin:.6rem 0}td,th{padding:.2rem .7rem;text-align:left;
border-bottom:1px solid #ddd}td.n{text-align:right}svg{max-width:100%;height:auto}
.note{color:#555}.bad{color:#a33}svg text{font-family:system-ui,sans-serif;fill:#222}
@media print{body{margin:0}}
"""


def summary_page(styles: Sequence[StyleSummary], rows: Sequence[Row]) -> str:
    """Make the page.

    Args:
        styles: Summary of every garment and fabric.
        rows: The table.
    """
    n_bodies = len({row["body"] for row in rows})
    states = {
        word: sum(row["state"] == word for row in rows) for word in ("done", "failed", "missing")
    }
    said = ", ".join(f"{count} {word}" for word, count in states.items() if count)
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Size run</title>",
        f"<style>{_STYLE}</style><h1>Whom does this size run fit?</h1>",
        f"<p>{n_bodies} bodies, {len(rows)} fits: {said}. muslin {escape(version())}.</p>",
    ]
    for style in styles:
        parts += _style(style)
    parts += _failures(rows)
    return "\n".join([*parts, "</html>", ""])


def _style(style: StyleSummary) -> Iterable[str]:
    title = f"{style.pattern.replace('_', ' ')}, {style.fabric.replace('_', ' ')}"
    yield f"<h2>{escape(title)}</h2>"
    yield f"<p class=note>judged as {escape(style.fit_class.replace('_', ' '))}</p>"
    out, open_ = len(style.left_out), len(style.undecided)
    n = sum(rate.n_all for rate in style.served.values())
    undecided = f", {open_} undecided" if open_ else ""
    yield (f"<p><b>{n - out - open_} of {n} bodies find a size; {out} are left out{undecided}.</b>"
           "</p>")  # fmt: skip
    yield _scatter(style)
    yield "<h3>Fit rate by body type and size</h3>"
    yield _rates(style)
    yield "<h3>Every body in every size</h3>"
    yield _grid(style)
    if style.left_out:
        yield "<h3>Left out</h3><table>"
        yield "<tr><th>body<th>type<th>nearest size<th>what stands in the way"
        for who in style.left_out:
            cells = (who.body, who.type, who.nearest, who.reason)
            yield "<tr>" + "".join(f"<td>{escape(cell)}" for cell in cells)
        yield "</table>"


def _rates(style: StyleSummary) -> str:
    head = "".join(f"<th>{escape(size)}" for size in style.sizes)
    lines = [f"<table><tr><th>body type<th>bodies{head}<th>any size"]
    for kind, rates in style.by_type.items():
        served = style.served[kind]
        cells = "".join(f"<td class=n>{_percent(rates.get(size))}" for size in style.sizes)
        lines.append(
            f"<tr><td>{escape(kind)}<td class=n>{served.n_all}{cells}<td class=n>{_percent(served)}"
        )
    cells = "".join(f"<td class=n>{_percent(style.by_size[size])}" for size in style.sizes)
    n_fit = sum(rate.n_fit for rate in style.served.values())
    n_judged = sum(rate.n_judged for rate in style.served.values())
    n_all = sum(rate.n_all for rate in style.served.values())
    every = _percent(Rate(n_fit=n_fit, n_judged=n_judged, n_all=n_all))
    lines.append(f"<tr><th>all<td class=n>{n_all}{cells}<td class=n>{every}</table>")
    return "".join(lines)


def _percent(rate: Rate | None) -> str:
    if rate is None or rate.share is None:
        return "-"
    return f"{rate.share:.0%} <span class=note>({rate.n_fit}/{rate.n_judged})</span>"


def _kind(row: Row) -> str:
    """Which cell a row is."""
    if row["state"] != "done":
        return row["state"]
    if not row["converged"]:
        return "unrested"
    if row["fits"]:
        return "fits"
    verdict = row["limiting_verdict"]
    return verdict if verdict in ("tight", "loose") else "other"


def _grid(style: StyleSummary) -> str:
    """Bodies by sizes, a sign and a colour for each, bodies of one type together."""
    bodies = list(dict.fromkeys(
        row["body"] for row in sorted(style.rows, key=lambda row: row["type"])
    ))  # fmt: skip
    cell_w, cell_h, left, top = 46, 18, 230, 26
    width = left + cell_w * len(style.sizes) + 10
    height = top + cell_h * len(bodies) + 34
    place = {(row["body"], row["size"]): row for row in style.rows}
    lines = [f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" '
             f'aria-label="fit of every body in every size">']  # fmt: skip
    for j, size in enumerate(style.sizes):
        x = left + cell_w * (j + 0.5)
        lines.append(
            f'<text x="{x}" y="17" font-size="12" text-anchor="middle">{escape(size)}</text>'
        )
    for i, body in enumerate(bodies):
        y = top + cell_h * i
        kind = next(row["type"] for row in style.rows if row["body"] == body)
        said = escape(f"{body[:16]}, {kind}"[:36])
        lines.append(f'<text x="4" y="{y + 13}" font-size="11">{said}</text>')
        for j, size in enumerate(style.sizes):
            row = place.get((body, size))
            if row is not None:
                lines.append(_cell(row, left + cell_w * j, y, cell_w, cell_h))
    lines.append(_key((_kind(row) for row in style.rows), height - 12))
    return "".join([*lines, "</svg>"])


def _cell(row: Row, x: float, y: float, width: float, height: float) -> str:
    word, sign, colour = _CELLS[_kind(row)]
    region = str(row["limiting_region"] or "").replace("_", " ")
    tip = f"{row['body']}, size {row['size']}: {word}" + (f", {region}" if region else "")
    ink = "#fff" if colour in ("#444444", "#009e73", "#d55e00") else "#222"
    return (
        f'<g><title>{escape(tip)}</title><rect x="{x + 1}" y="{y + 1}" width="{width - 2}" '
        f'height="{height - 2}" fill="{colour}" stroke="#999" stroke-width=".5"/>'
        f'<text x="{x + width / 2}" y="{y + 13}" font-size="11" text-anchor="middle" '
        f'style="fill:{ink}">{sign}</text></g>'
    )


def _key(kinds: Iterable[str], y: float) -> str:
    """Words for the signs that occur."""
    found = set(kinds)
    words = [f"{sign} {word}" for name, (word, sign, _) in _CELLS.items() if name in found]
    return f'<text x="4" y="{y}" font-size="11">{escape(", ".join(words))}</text>'


def _scatter(style: StyleSummary) -> str:
    """Who is left out, by two tape measures."""
    axes = _axes(style.rows)
    if axes is None:
        return ""
    (x_name, y_name), people = axes, {row["body"]: row for row in style.rows}
    out = {who.body for who in style.left_out}
    xs = [row[x_name] * 100 for row in people.values()]
    ys = [row[y_name] * 100 for row in people.values()]
    x0, x1, y0, y1 = min(xs) - 2, max(xs) + 2, min(ys) - 2, max(ys) + 2
    width, height, left, foot = 560, 300, 56, 40
    lines = [f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" '
             'aria-label="bodies by two measures; crosses are left out">']  # fmt: skip
    inner_w, inner_h = width - left - 16, height - foot - 12
    lines.append(f'<rect x="{left}" y="12" width="{inner_w}" height="{inner_h}" fill="none" '
                 'stroke="#999"/>')  # fmt: skip
    for body, row in people.items():
        x = left + inner_w * (row[x_name] * 100 - x0) / (x1 - x0)
        y = 12 + inner_h * (y1 - row[y_name] * 100) / (y1 - y0)
        tip = f"<title>{escape(body)}</title>"
        lines.append(_cross(x, y, tip) if body in out else _dot(x, y, tip, body in style.undecided))
    for value, x in ((x0 + 2, left + 8), (x1 - 2, width - 40)):
        lines.append(f'<text x="{x}" y="{height - 24}" font-size="11">{value:.0f}</text>')
    for value, y in ((y0 + 2, height - foot - 6), (y1 - 2, 26)):
        lines.append(f'<text x="{left - 30}" y="{y}" font-size="11">{value:.0f}</text>')
    words = f"{_words(x_name)} across, {_words(y_name)} up; dot: finds a size, cross: left out"
    lines.append(f'<text x="{left}" y="{height - 6}" font-size="12">{escape(words)}</text></svg>')
    return "".join(lines)


def _cross(x: float, y: float, tip: str) -> str:
    return (
        f'<path d="M{x - 5:.1f},{y - 5:.1f}l10,10m0,-10l-10,10" stroke="#d55e00" '
        f'stroke-width="2.4">{tip}</path>'
    )


def _dot(x: float, y: float, tip: str, undecided: bool) -> str:
    fill = "none" if undecided else "#009e73"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="#009e73">{tip}</circle>'


def _axes(rows: Sequence[Row]) -> tuple[str, str] | None:
    """Two measures that everybody has, girths first."""
    order = ("bust_girth", "hip_girth", "waist_girth", "waist_navel_girth", "stature")
    names = [f"body_{name}_m" for name in order]
    known = [name for name in names if all(row.get(name) is not None for row in rows)]
    return (known[0], known[1]) if len(known) > 1 else None


def _words(column: str) -> str:
    return column.removeprefix("body_").removesuffix("_m").replace("_", " ") + " [cm]"


def _failures(rows: Sequence[Row]) -> Iterable[str]:
    failed: list[dict[str, Any]] = [row for row in rows if row["state"] == "failed"]
    if not failed:
        return
    yield "<h2>Failures</h2><table><tr><th>body<th>garment<th>size<th>seed<th>why"
    for row in failed:
        cells = (row["body"], row["pattern"], row["size"], str(row["seed"]), str(row["error"]))
        yield "<tr>" + "".join(f"<td>{escape(cell)}" for cell in cells)
    yield "</table>"
