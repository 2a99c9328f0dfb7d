"""Patterns at the command line: check, convert, propose seams."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from fitting.pattern import Pattern
from fitting.pattern.checks.pattern import CheckSettings
from fitting.pattern.finding import Finding
from fitting.pattern.formats.garmentcode_write import deviation_m, garmentcode_from_pattern
from fitting.pattern.formats.pdf_write import Paper
from fitting.pattern.read import inspect_pattern, read_pattern, read_pattern_sizes
from fitting.pattern.reading import ReadOptions
from fitting.pattern.seams.seams_file import UNITS_M, SeamNote, seams_path, write_seams_file
from muslin.errors import Exit, InputError
from muslin.folders import existing_file, writable_folder
from muslin.json_file import write_json
from muslin.screen import print_json, say
from muslin.tape import read_tape

PatternFile = Literal["json", "dxf", "svg", "pdf"]


def read_options(*, unit: str | None = None, allowance_cm: float = 0.0) -> ReadOptions:
    """What a file leaves open, from the words of the command line.

    Raises:
        InputError: If the unit is not known or the allowance is not one.
    """
    if unit is not None and unit not in UNITS_M:
        raise InputError(f"unit {unit!r} is not one of {', '.join(UNITS_M)}")
    if not 0 <= allowance_cm <= 10:
        raise InputError(f"seam allowance of {allowance_cm:g} cm is outside 0 to 10 cm")
    unit_m = None if unit is None else UNITS_M[unit]
    return ReadOptions(unit_m=unit_m, allowance_m=allowance_cm / 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What `check` found.

    Attributes:
        file: The pattern file.
        pattern: As far as it could be read.
        findings: Every problem and hint.
    """

    file: Path
    pattern: Pattern
    findings: tuple[Finding, ...]

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result to a person or a program, and choose the exit code."""
        problems = [finding for finding in self.findings if finding.severity != "hint"]
        if as_json:
            print_json(
                {
                    "file": str(self.file),
                    "n_panels": len(self.pattern.panels),
                    "n_seams": len(self.pattern.seams),
                    "warnings": list(self.pattern.warnings),
                    "findings": [finding.to_json() for finding in self.findings],
                }
            )
        else:
            for warning in self.pattern.warnings:
                say(f"note: {warning}")
            for finding in self.findings:
                say(f"{'hint: ' if finding.severity == 'hint' else ''}{finding}")
            n_hints = len(self.findings) - len(problems)
            say(f"{self.file}: {len(problems)} problems, {n_hints} hints")
        return Exit.FAILED if problems else Exit.DONE


def check(
    pattern: Path,
    *,
    size: str | None = None,
    unit: str | None = None,
    allowance_cm: float = 0.0,
    edge_length_m: float = 0.016,
    body: Path | None = None,
) -> CheckResult:
    """List every problem of a pattern file in one run.

    Args:
        pattern: Pattern file of any format, with the seams file beside it.
        size: Which size of a graded nest.
        unit: Unit of a file that states none.
        allowance_cm: Seam allowance that the outline includes.
        edge_length_m: Edge length that it shall be meshed with.
        body: Tape measures (TOML) of who shall wear it.

    Raises:
        InputError: If an option cannot be used.
        PatternError: If nothing of the file can be understood.
    """
    measures = None if body is None else read_tape(body)[0]
    settings = CheckSettings(edge_length_m=edge_length_m, body=measures)
    read, findings = inspect_pattern(
        existing_file(pattern, "pattern file"),
        size=size,
        options=read_options(unit=unit, allowance_cm=allowance_cm),
        settings=settings,
    )
    return CheckResult(file=pattern, pattern=read, findings=findings)


def convert(
    pattern: Path,
    *,
    to: str,
    out: Path | None = None,
    size: str | None = None,
    unit: str | None = None,
    allowance_cm: float = 0.0,
    paper: str = "a4",
) -> Path:
    """Write a pattern file in another format; a graded nest goes to DXF with all its sizes.

    Sensors whose file lies beside the pattern go to DXF and SVG on a layer of their own.

    Raises:
        InputError: If an option cannot be used.
        PatternError: If the pattern cannot be read.
    """
    if to not in get_args(PatternFile):
        raise InputError(f"format {to!r} is not one of {', '.join(get_args(PatternFile))}")
    if paper not in get_args(Paper):
        raise InputError(f"paper {paper!r} is not one of {', '.join(get_args(Paper))}")
    from muslin.twin.sensors.overlay import overlays_beside

    source = existing_file(pattern, "pattern file")
    options = read_options(unit=unit, allowance_cm=allowance_cm)
    target = source.with_suffix(f".{to}") if out is None else out
    if target.resolve() == source.resolve():
        raise InputError(f"{target} is the pattern itself; name another file with --out")
    writable_folder(target.parent)
    if to == "dxf":
        from fitting.pattern.formats.dxf_write import write_dxf

        read = read_pattern(source, size=size, options=options)
        nest = () if size is not None else read_pattern_sizes(source, options=options)
        sizes = nest if len(nest) > 1 else (read,)
        write_dxf(target, sizes, overlays=overlays_beside(source, sizes))
    elif to == "svg":
        from fitting.pattern.formats.svg_write import write_svg

        read = _told(read_pattern(source, size=size, options=options))
        write_svg(target, read, overlays=overlays_beside(source, (read,)))
    else:
        read = _told(read_pattern(source, size=size, options=options))
        _write(target, read, to=to, paper=paper)
    if to in ("dxf", "svg") and read.seams:
        _keep_seams(target, read)
    return target


def _keep_seams(target: Path, pattern: Pattern) -> None:
    """Write the seams beside a format that has no room for them."""
    beside = seams_path(target)
    if beside.exists():
        say(f"note: {beside} exists and was left as it is")
        return
    write_seams_file(beside, pattern, [SeamNote(seam=seam) for seam in pattern.seams])
    say(f"wrote {beside}, the seams, which {target.suffix[1:]} cannot hold")


def _told(pattern: Pattern) -> Pattern:
    """The same pattern, after its warnings were said."""
    for warning in pattern.warnings:
        say(f"note: {warning}")
    return pattern


def _write(target: Path, pattern: Pattern, *, to: str, paper: Any) -> None:
    if to == "json":
        worst = max(deviation_m(p, i) for p in pattern.panels for i in range(len(p.edges)))
        if worst > 1e-4:
            say(f"note: readers other than this one see the curves up to {worst * 1000:.1f} mm off")
        write_json(target, garmentcode_from_pattern(pattern))
    else:
        from fitting.pattern.formats.pdf_write import write_pdf

        say(f"{write_pdf(target, pattern, paper=paper)} pages")


def seams(
    pattern: Path,
    *,
    out: Path | None = None,
    unit: str | None = None,
    allowance_cm: float = 0.0,
    overwrite: bool = False,
) -> tuple[Path, int]:
    """Propose seams for a pattern that has none and write them beside it, to be edited.

    Returns:
        The seams file and the number of proposals.

    Raises:
        InputError: If the file exists already, or an option cannot be used.
        PatternError: If the pattern cannot be read.
    """
    from fitting.pattern.seams.propose import propose_seams, with_copies
    from fitting.pattern.seams.propose_garment import propose_garment

    source = existing_file(pattern, "pattern file")
    target = seams_path(source) if out is None else out
    if target.exists() and not overwrite:
        raise InputError(f"{target} exists; --overwrite replaces it with fresh proposals")
    writable_folder(target.parent)
    options = read_options(unit=unit, allowance_cm=allowance_cm)
    sizes = {p.size: p for p in read_pattern_sizes(source, options=options)}
    sample = next(iter(sizes.values())).extras.get("dxf", {}).get("sample")
    known = propose_garment(sizes.get(sample) or next(iter(sizes.values())))
    if known is not None:
        write_seams_file(
            target, known.drawn, known.notes, options=options, frames=known.frames,
            left_out=known.left_out,
        )  # fmt: skip
        return target, len(known.notes)
    nest = {size: with_copies(p) for size, p in sizes.items()}
    first = nest.get(sample) or next(iter(nest.values()))
    notes = propose_seams([first, *(p for p in nest.values() if p is not first)])
    write_seams_file(target, first, notes, options=options)
    return target, len(notes)
