"""The table of a batch: one row a case in the order of the request, SI, no times."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from muslin.batch.store import PlanRow
from muslin.errors import InputError

TABLE = "fits.parquet"
# Numbers of a drape that are taken into the table as they are.
_OF_DRAPE = (
    "n_vertices", "converged", "cause", "fits", "residual", "n_steps", "penetration_max_m",
    "seam_gap_max_m", "intersections_cloth_cloth",
)  # fmt: skip
_OF_REGION = ("verdict", "ease_m", "strain_share_p95", "pressure_pa_mean", "pressure_pa_p95")


def table_rows(
    rows: Sequence[PlanRow], results: Sequence[dict[str, Any] | None]
) -> list[dict[str, Any]]:
    """Rows of the table, flat; what is not known is None.

    Args:
        rows: The plan.
        results: Result of every row, None where it is missing.
    """
    return [_row(plan, result) for plan, result in zip(rows, results, strict=True)]


def _row(plan: PlanRow, result: dict[str, Any] | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: getattr(plan, name) for name in PlanRow.__slots__ if name != "measures_m"
    }
    row |= {f"body_{name}_m": value for name, value in plan.measures_m.items()}
    result = result or {"state": "missing"}
    row |= {"state": result["state"], "error": result.get("error")}
    row |= {name: result.get(name) for name in _OF_DRAPE}
    limiting = result.get("limiting") or {}
    row |= {
        f"limiting_{name}": limiting.get(name) for name in ("region", "verdict", "rule", "misfit")
    }
    for name, ease in (result.get("ease") or {}).items():
        row[f"ease_{name}_m"] = ease["ease_m"]
    for name, region in (result.get("regions") or {}).items():
        row |= {f"{name}_{key}": region.get(key) for key in _OF_REGION}
    return row


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write Parquet; the same rows give the same bytes.

    Raises:
        InputError: If pyarrow is missing.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise InputError("the table needs pyarrow: pip install 'muslin[batch]'") from error
    first = dict.fromkeys(rows[0]) if rows else {}
    others = sorted({name for row in rows for name in row} - set(first))
    columns = {}
    for name in (*first, *others):
        values = [row.get(name) for row in rows]
        columns[name] = pa.array(values, type=_type(pa, values))
    beside = path.with_name(f".{path.name}")
    parquet.write_table(pa.table(columns), beside, compression="zstd")
    beside.replace(path)


def _type(pa: Any, values: Sequence[Any]) -> Any:
    """Arrow type of a column, the same whether or not rows are missing."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return pa.int64()
    return pa.float64() if kinds and kinds <= {int, float} else pa.string()
