"""Sensors of a chest band: laid on the pattern, worn, and read; an electrode over the fifth rib."""

from pathlib import Path

from muslin.twin import sensors_from_tables
from muslin.twin.sensors.sensors_write import write_sensors
from muslin.twin.worn.place import place
from muslin.twin.worn.read import read

# The band's own sensors, on the pattern: files for cutting have them on a layer of their own.
placed = place("chest_band", out=Path("placed"))
print(f"{len(placed.sensors)} sensors, {len(placed.findings)} findings: {', '.join(placed.files)}")

# My own, on a wider band: where the fifth rib lies, whatever the size, a little below and inward.
mine = sensors_from_tables(
    {
        "garment": {"fabric": "elastic_band", "ease": {"girth_share": -0.20, "width_m": 0.08}},
        "sensor": [
            {
                "name": "rib",
                "kind": "electrode",
                "over": "fifth rib, left",
                "offset_cm": [-1.0, -1.5],
                "size_cm": [2.5, 1.5],
                "round": True,
            },
            {
                "name": "breath",
                "kind": "strain_line",
                "panel": "band",
                "path_share": [[0.72, 0.5], [0.86, 0.5]],
                "requirement": "knit_strain",
            },
        ],
    }
)
write_sensors(Path("mine.toml"), mine)

worn = read("chest_band", sensors=Path("mine.toml"), edge_length_m=0.016, out=Path())
for reading in worn.readings:
    print(f"{reading.sensor.name}: {reading.place}")
    print(f"  {reading.pressure_mean_pa / 1000:.2f} kPa, strain {reading.strain:.1%}")
    print(f"  {reading.verdict}")
