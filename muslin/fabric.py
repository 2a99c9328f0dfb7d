"""Fabric cards: show them, check them, make them of laboratory sheets: `muslin fabric`."""

from dataclasses import fields
from pathlib import Path

from fitting.cloth import Fabric, fabric_names, load_fabric
from fitting.cloth.fabric_cards import card_text
from fitting.cloth.fabric_prior import check_fabric
from fitting.cloth.fabric_sheets import Method, fabric_from_sheet, read_sheet, sheet_drape
from muslin.errors import Exit
from muslin.folders import existing_file, writable_folder
from muslin.screen import print_json, say, say_table


def _numbers(fabric: Fabric) -> dict[str, float | tuple[tuple[float, float], ...]]:
    """Numbers by name; a force-strain curve only where one was measured."""
    names = [f.name for f in fields(Fabric) if f.name not in ("name", "provenance")]
    values = {name: getattr(fabric, name) for name in names}
    return {name: value for name, value in values.items() if value != ()}


def _shown(value: float | tuple[tuple[float, float], ...]) -> str:
    return f"{len(value)} points" if isinstance(value, tuple) else f"{value:g}"


def show(name: str | None, *, as_json: bool) -> Exit:
    """Show one card with the provenance of every number, or the names of all."""
    if name is None:
        cards = [load_fabric(known) for known in fabric_names()]
        if as_json:
            print_json({"fabrics": [card.name for card in cards]})
        else:
            rows = [
                (c.name, f"{c.area_density_kg_m2 * 1000:.0f} g/m2, {c.tensile_warp_n_m:g} and "
                 f"{c.tensile_weft_n_m:g} N/m") for c in cards
            ]  # fmt: skip
            say_table("Fabrics", rows)
        return Exit.DONE
    card = load_fabric(name)
    if as_json:
        print_json({"name": card.name, **_numbers(card), "provenance": dict(card.provenance)})
        return Exit.DONE
    rows = [
        (key, f"{_shown(value)}  ({card.provenance.get(key, 'estimated')})")
        for key, value in _numbers(card).items()
    ]
    say_table(card.name, rows)
    n_estimated = sum("estimated" in card.provenance.get(key, "estimated") for key, _ in rows)
    say(f"{n_estimated} of {len(rows)} numbers are estimated")
    return Exit.DONE


def check(name: str, *, as_json: bool) -> Exit:
    """List numbers of a card that no ordinary fabric has."""
    findings = check_fabric(load_fabric(name))
    if as_json:
        print_json({"findings": [{"field": f.field, "text": f.text} for f in findings]})
    else:
        for finding in findings:
            say(str(finding))
        say(f"{name}: {len(findings)} numbers are hard to believe")
    return Exit.FAILED if findings else Exit.DONE


def import_sheet(
    sheet: Path, *, name: str | None, method: Method | None, base: str, out: Path | None,
    as_json: bool,
) -> Exit:  # fmt: skip
    """Make a card of a KES-F, FAST or Cusick result sheet."""
    results = read_sheet(existing_file(sheet, "result sheet"), method=method)
    card = fabric_from_sheet(results, name=name or sheet.stem, base=base)
    drape = sheet_drape(results)
    target = out or sheet.with_suffix(".toml")
    writable_folder(target.parent)
    extra = "" if drape is None else f"\n[measured]\ndrape_coefficient = {drape:.4f}\n"
    notes = (f"From the {results.method} sheet {results.source}.",)
    target.write_text(card_text(card, notes=notes, extra=extra), encoding="utf-8")
    findings = check_fabric(card)
    if as_json:
        print_json({
            "card": str(target), "method": results.method, **_numbers(card),
            "provenance": dict(card.provenance), "drape_coefficient": drape,
            "findings": [str(f) for f in findings],
        })  # fmt: skip
        return Exit.DONE
    measured = [k for k in _numbers(card) if "estimated" not in card.provenance[k]]
    say(f"{target}: {len(measured)} numbers from the sheet, the rest estimated as {base}")
    for finding in findings:
        say(f"  note: {finding}")
    return Exit.DONE
