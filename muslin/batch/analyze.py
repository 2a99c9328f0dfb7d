"""Table and summary of a batch: what `muslin batch analyze` does, and every run ends with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from muslin.batch.page import summary_page
from muslin.batch.store import BatchFolder
from muslin.batch.summary import StyleSummary, summarise
from muslin.batch.table import TABLE, table_rows, write_table
from muslin.errors import Exit
from muslin.json_file import write_json
from muslin.screen import print_json, say, say_table
from muslin.version import version

PAGE, SUMMARY = "summary.html", "summary.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAnalysis:
    """What a batch folder says.

    Attributes:
        folder: Where the files are.
        styles: Summary of every garment and fabric.
        rows: The table.
    """

    folder: Path
    styles: tuple[StyleSummary, ...]
    rows: tuple[dict[str, Any], ...]

    def count(self, state: str) -> int:
        """How many cases are ``done``, ``failed`` or ``missing``."""
        return sum(row["state"] == state for row in self.rows)

    @property
    def n_unrested(self) -> int:
        """Drapes that did not converge."""
        return sum(row["converged"] is False for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """Numbers for a program."""
        failures = [row for row in self.rows if row["state"] == "failed"]
        return {
            "n_cases": len(self.rows),
            "n_done": self.count("done"),
            "n_failed": len(failures),
            "n_missing": self.count("missing"),
            "n_not_converged": self.n_unrested,
            "failures": [
                {key: row[key] for key in ("body", "pattern", "size", "fabric", "seed", "error")}
                for row in failures
            ],
            "styles": [style.to_json() for style in self.styles],
            "software": f"muslin {version()}",
        }

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result to a person or a program, and choose the exit code."""
        complete = self.count("done") == len(self.rows) and not self.n_unrested
        if as_json:
            print_json(self.to_json())
            return Exit.DONE if complete else Exit.INCOMPLETE
        for style in self.styles:
            say_table(f"{style.pattern}, {style.fabric.replace('_', ' ')}", _rows(style))
        self._tell_failures()
        files = [(name, str(self.folder / name)) for name in (PAGE, TABLE, SUMMARY)]
        say_table("Files", files)
        return Exit.DONE if complete else Exit.INCOMPLETE

    def _tell_failures(self) -> None:
        for row in [row for row in self.rows if row["state"] == "failed"][:20]:
            say(f"failed: {row['body']}, {row['pattern']} {row['size']}, seed {row['seed']}: "
                f"{row['error']}")  # fmt: skip
        if self.count("missing"):
            say(
                f"{self.count('missing')} of {len(self.rows)} fits are missing; run the batch again"
            )
        if self.n_unrested:
            say(f"{self.n_unrested} drapes did not come to rest and have no verdict")


def _rows(style: StyleSummary) -> Sequence[tuple[str, str]]:
    rates = [
        (f"size {size}", f"{rate.n_fit} of {rate.n_judged} judged fit")
        for size, rate in style.by_size.items()
    ]
    served = [
        (kind, f"{rate.n_fit} of {rate.n_all} bodies find a size")
        for kind, rate in style.served.items()
    ]
    out = [
        (f"left out: {who.body}", f"nearest is {who.nearest}: {who.reason}")
        for who in style.left_out[:10]
    ]
    more = len(style.left_out) - len(out)
    return [*rates, *served, *out, *([("", f"and {more} more")] if more else [])]


def batch_analyze(folder: Path) -> BatchAnalysis:
    """Put table and summary together from the results that are there.

    Args:
        folder: Of `batch_fit`.

    Raises:
        InputError: If the folder holds no batch.
    """
    store = BatchFolder(folder)
    plan = store.read_plan()
    rows = table_rows(plan, [store.result(row.key) for row in plan])
    write_table(folder / TABLE, rows)
    analysis = BatchAnalysis(folder=folder, styles=summarise(rows), rows=tuple(rows))
    write_json(folder / SUMMARY, analysis.to_json())
    (folder / PAGE).write_text(summary_page(analysis.styles, rows), encoding="utf-8")
    return analysis
