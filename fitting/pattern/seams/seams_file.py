"""Seams beside a pattern file that has none: ``NAME.seams.toml``, made to be edited by hand.

[panels."FR"]                 # optional: where a panel goes, its layer, its grain
wrap = "torso_front"
up_deg = 0.0                  # direction of the drawing that is up; origin_cm is then its middle
worn = true                   # false: cut, but not put on with the garment, as a facing
[panels."SL mirrored"]        # a copy that the file does not hold
mirror_of = "SL"
[[seams]]
a = [{panel = "FR", edge = 2}]
b = [{panel = "BK", edge = 5, from = 0.0, to = 0.5}]
reversed = true               # the start of one meets the end of the other
kind = "plain"                # or gather, ease, dart
use = true                    # false leaves it out
confirmed = false             # proposals are false until a person looked at them
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from fitting.errors import PatternError
from fitting.pattern.model import Half, Panel, Pattern, Wrap
from fitting.pattern.panels.fold import Frame, framed_panel, mirrored_panel
from fitting.pattern.reading import ReadOptions, read_text
from fitting.pattern.seam import Run, Seam, SeamKind

SUFFIX = ".seams.toml"
UNITS_M = {"mm": 0.001, "cm": 0.01, "inch": 0.0254, "m": 1.0}
MAX_ALLOWANCE_CM = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeamNote:
    """A seam as the file holds it.

    Attributes:
        seam: What is sewn.
        confirmed: Whether a person looked at it.
        confidence: How sure the proposal was, in [0, 1]; none for seams written by hand.
        why: What spoke for it.
        use: Whether it is sewn.
    """

    seam: Seam
    confirmed: bool = True
    confidence: float | None = None
    why: str = ""
    use: bool = True


def seams_path(pattern_file: Path) -> Path:
    """Where the seams of a pattern file are kept."""
    return pattern_file.with_suffix(SUFFIX)


def options_with_seams_file(options: ReadOptions, path: Path) -> ReadOptions:
    """The options, with unit and allowance of a seams file where they leave them open.

    Raises:
        PatternError: If the file cannot be read, or states what is no unit or no allowance.
    """
    content = _content(path)
    unit, allowance = content.get("unit"), content.get("allowance_cm", 0.0)
    if unit is not None and unit not in UNITS_M:
        raise PatternError(f"seams file {path}: unit {unit!r} is not one of {', '.join(UNITS_M)}")
    if not isinstance(allowance, int | float) or not 0 <= allowance <= MAX_ALLOWANCE_CM:
        raise PatternError(
            f"seams file {path}: allowance_cm is {allowance!r}, wanted 0 to {MAX_ALLOWANCE_CM:g}"
        )
    if options.unit_m is None and unit is not None:
        options = replace(options, unit_m=UNITS_M[unit])
    return options if options.allowance_m else replace(options, allowance_m=allowance / 100)


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PatternError(f"seams file {path} is not readable TOML: {error}") from error


def with_seams_file(pattern: Pattern, path: Path) -> Pattern:
    """The pattern with the copies, places and seams of a seams file.

    Raises:
        PatternError: If the file cannot be read or names what the pattern does not have.
    """
    content = _content(path)
    try:
        panels = _panels(pattern, content.get("panels") or {}, path)
        notes = [_note(item) for item in content.get("seams") or []]
    except PatternError as error:
        raise PatternError(f"seams file {path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise PatternError(f"seams file {path} cannot be understood: {error!r}") from error
    used = [note for note in notes if note.use]
    open_notes = sum(not note.confirmed for note in used)
    warnings = pattern.warnings
    if open_notes:
        warnings += (f"{open_notes} of {len(used)} seams are proposals that nobody confirmed",)
    left_out = [panel.name for panel in panels if not panel.worn]
    if left_out:
        warnings += (f"cut, but not put on, as the seams file says: {', '.join(left_out)}",)
    seams = (*pattern.seams, *(note.seam for note in used))
    return replace(pattern, panels=panels, seams=seams, warnings=warnings)


def _panels(pattern: Pattern, table: Mapping[str, Any], path: Path) -> tuple[Panel, ...]:
    panels = {panel.name: panel for panel in pattern.panels}
    for name, item in table.items():
        source = item.get("mirror_of", item.get("copy_of"))
        if source is not None:
            if source not in panels:
                raise PatternError(f"panel {name!r} copies {source!r}, which does not exist")
            panel = panels[source]
            copy = mirrored_panel(panel, name=name) if "mirror_of" in item else panel
            panels[name] = replace(copy, name=name)
        elif name not in panels:
            raise PatternError(
                f"panel {name!r} does not exist in the pattern; {', '.join(panels)} do"
            )
        panels[name] = _changed(panels[name], item)
    return tuple(panels.values())


def _changed(panel: Panel, item: Mapping[str, Any]) -> Panel:
    wrap, half = item.get("wrap", panel.wrap), item.get("half", panel.half)
    for value, words in ((wrap, Wrap), (half, Half)):
        if value not in get_args(words):
            raise PatternError(f"{value!r} is not one of {', '.join(get_args(words))}")
    panel = replace(
        panel, wrap=wrap, half=half, layer=int(item.get("layer", panel.layer)),
        worn=bool(item.get("worn", panel.worn)),
    )  # fmt: skip
    if "grain_deg" in item:
        grain = float(np.radians(float(item["grain_deg"])))
        panel = replace(panel, grain_rad=grain, grain_known=True)
    if "up_deg" in item:
        x_cm, y_cm = (float(value) for value in item.get("origin_cm", (0.0, 0.0)))
        up_rad = float(np.radians(float(item["up_deg"])))
        panel = framed_panel(panel, Frame(up_rad=up_rad, origin_m=(x_cm / 100, y_cm / 100)))
    return panel


def _note(item: Mapping[str, Any]) -> SeamNote:
    kind = item.get("kind", "plain")
    if kind not in get_args(SeamKind):
        raise PatternError(f"kind {kind!r} is not one of {', '.join(get_args(SeamKind))}")
    ease = item.get("ease")
    runs_a, runs_b = (tuple(_run(run) for run in item[side]) for side in ("a", "b"))
    if not runs_a or not runs_b:
        raise PatternError("a seam needs at least one edge on each side")
    seam = Seam(
        runs_a=runs_a,
        runs_b=runs_b,
        reversed=bool(item.get("reversed", True)),
        kind=kind,
        ease=None if ease is None else float(ease),
    )
    return SeamNote(
        seam=seam,
        confirmed=bool(item.get("confirmed", True)),
        use=bool(item.get("use", True)),
    )


def _run(item: Mapping[str, Any]) -> Run:
    return Run(
        panel=str(item["panel"]),
        edge=int(item["edge"]),
        start=float(item.get("from", 0.0)),
        stop=float(item.get("to", 1.0)),
    )


def write_seams_file(
    path: Path, pattern: Pattern, notes: Sequence[SeamNote], *, options: ReadOptions | None = None,
    frames: Mapping[str, Frame] | None = None, left_out: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Write seams, and where each panel goes, for a person to edit.

    Args:
        path: File to write.
        pattern: The pattern with every panel the seams name, copies included.
        notes: Its seams.
        options: Unit and allowance that the pattern was read with, to be kept.
        frames: How panels are turned on the wearer; the pattern holds them as they are drawn.
        left_out: Panels that are not sewn, and why.
    """
    frames, left_out = frames or {}, left_out or {}
    lines = [
        f"# Seams of {json.dumps(pattern.name)[1:-1]}. Edit freely: `confirmed = true` on what you",
        "# checked, `use = false` on what is wrong. Edges count from 0 along the outline.",
        "",
        *_option_lines(options or ReadOptions()),
    ]
    for panel in pattern.panels:
        lines += [f"[panels.{_text(panel.name)}]"]
        if panel.label.startswith("mirror of "):
            lines.append(f"mirror_of = {_text(panel.label.removeprefix('mirror of '))}")
        lines += [f'wrap = "{panel.wrap}"', f'half = "{panel.half}"', f"layer = {panel.layer}"]
        if panel.grain_known:
            lines.append(f"grain_deg = {np.degrees(panel.grain_rad):.3f}")
        else:
            lines.append("# grain_deg = 90  # the file has no grain line")
        if panel.name in frames:
            x, y = frames[panel.name].origin_m
            lines.append(f"up_deg = {np.degrees(frames[panel.name].up_rad):.3f}")
            lines.append(f"origin_cm = [{x * 100:.3f}, {y * 100:.3f}]")
        if panel.name in left_out:
            lines.append(f"worn = false  # {left_out[panel.name]}")
        lines += [
            "# edges: " + ", ".join(
                f"{i} {panel.length_m(i) * 100:.1f} cm" for i in range(len(panel.edges))
            ),
            "",
        ]  # fmt: skip
    for note in notes:
        lines += _seam_lines(note)
    path.write_text("\n".join(lines), encoding="utf-8")


def _option_lines(options: ReadOptions) -> list[str]:
    units = [f'unit = "{word}"' for word, unit_m in UNITS_M.items() if unit_m == options.unit_m]
    allowance = [f"allowance_cm = {options.allowance_m * 100:g}"] if options.allowance_m else []
    return [*units, *allowance, ""] if units or allowance else []


def _seam_lines(note: SeamNote) -> list[str]:
    seam = note.seam
    lines = ["[[seams]]"]
    lines += [f"# {line}" for line in note.why.splitlines()]
    for side, runs in (("a", seam.runs_a), ("b", seam.runs_b)):
        lines.append(f"{side} = [{', '.join(_run_text(run) for run in runs)}]")
    lines += [f"reversed = {str(seam.reversed).lower()}", f'kind = "{seam.kind}"']
    if seam.ease is not None:
        lines.append(f"ease = {seam.ease:g}")
    if note.confidence is not None:
        lines.append(f"confidence = {note.confidence:.2f}")
    lines += [f"use = {str(note.use).lower()}", f"confirmed = {str(note.confirmed).lower()}", ""]
    return lines


def _run_text(run: Run) -> str:
    part = "" if run.is_whole else f", from = {run.start:g}, to = {run.stop:g}"
    return f"{{panel = {_text(run.panel)}, edge = {run.edge}{part}}}"


def _text(value: str) -> str:
    """A TOML string; JSON's escapes are a part of TOML's."""
    return json.dumps(value, ensure_ascii=True)
