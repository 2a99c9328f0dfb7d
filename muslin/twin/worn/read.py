"""Read a garment's sensors from its drape: what `muslin twin read` does."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from muslin.errors import Exit
from muslin.fitting_room import check_edge_length, size_choice
from muslin.folders import existing_file, writable_folder
from muslin.json_file import write_json
from muslin.screen import print_json, say_table, step
from muslin.twin.sensors.garment import twin_garment
from muslin.twin.sensors.requirement import load_requirements
from muslin.twin.worn.draw import summary, write_picture
from muslin.twin.worn.person import person_of
from muslin.twin.worn.reading import Reading, read_worn
from muslin.twin.worn.wear import EDGE_LENGTH_M, Worn, wear
from muslin.version import version

if TYPE_CHECKING:
    from fitting.preview import Backend


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinRead:
    """What the sensors of a worn garment say.

    Attributes:
        folder: Where the files are.
        worn: The garment at rest.
        readings: Its sensors.
        numbers: Content of ``twin.json``.
    """

    folder: Path
    worn: Worn
    readings: tuple[Reading, ...]
    numbers: dict[str, Any]

    def tell(self, *, as_json: bool) -> Exit:
        """Say the result, and choose the exit code: 1 when a sensor does not work."""
        if as_json:
            print_json(self.numbers)
        else:
            rows = []
            for reading in self.readings:
                rows.append((reading.sensor.name, reading.verdict))
                rows += [("", summary(reading)), ("", reading.place)]
            files = [(name, str(self.folder / name)) for name in ("twin.png", "twin.json")]
            say_table(self.numbers["title"], [*rows, *files])
        if not self.worn.drape.converged:
            return Exit.INCOMPLETE
        judged = [reading.works for reading in self.readings if reading.requirement]
        return Exit.DONE if all(judged) else Exit.FAILED


def read(
    garment: str,
    *,
    sensors: Path | None = None,
    body: Path | None = None,
    size: int | str = 0,
    fabric: str | None = None,
    ease: Mapping[str, float] | None = None,
    requirements: Path | None = None,
    backend: "Backend" = "numpy",
    edge_length_m: float = EDGE_LENGTH_M,
    out: Path = Path("twin"),
    seed: int = 0,
) -> TwinRead:
    """Drape a sensor garment on a body and read every sensor; writes twin.json and twin.png.

    Args:
        garment: Name of a block, or a pattern file.
        sensors: Sensors file; the one beside the pattern, or the block's own, when absent.
        body: Tape measures (TOML, cm); the demo's body when absent.
        size: Step of a block, or size of a graded file.
        fabric: Fabric card; the sensors file's, else the block's usual one, when absent.
        ease: Changes to the block's ease.
        requirements: What sensors need (TOML); those that ship when absent.
        backend: What draws the picture.
        edge_length_m: Edge length of the cloth mesh.
        out: Folder for the files.
        seed: Seed of the run.

    Raises:
        InputError: If an option cannot be used, or a sensor cannot be laid.
        FittingError: If a file says something impossible.
    """
    chosen = twin_garment(garment, sensors=sensors, fabric=fabric, ease=ease)
    known = load_requirements(
        None if requirements is None else existing_file(requirements, "requirements file")
    )
    check_edge_length(edge_length_m)
    size_step, file_size = size_choice(garment, size)
    folder = writable_folder(out)
    person = person_of(body)
    with step(f"place and drape the {chosen.pattern.replace('_', ' ')}"):
        worn = wear(
            chosen, person.body, person.measures, size_step=size_step, file_size=file_size,
            edge_length_m=edge_length_m, seed=seed,
        )  # fmt: skip
        readings = read_worn(worn, requirements=known)
    title = f"{worn.pattern.name}, size {size}, {worn.fabric.name.replace('_', ' ')}"
    numbers = {
        "title": title,
        "converged": worn.drape.converged,
        "cause": worn.drape.cause,
        "fabric_numbers_estimated": sorted(
            k for k, v in worn.fabric.provenance.items() if str(v).startswith("estimated")
        ),
        "seed": seed,
        "software": f"muslin {version()}",
        "sensors": [reading.to_json() for reading in readings],
    }
    with step("picture"):
        write_picture(folder / "twin.png", worn, readings, title=title, backend=backend)
    write_json(folder / "twin.json", numbers)
    return TwinRead(folder=folder, worn=worn, readings=readings, numbers=numbers)
