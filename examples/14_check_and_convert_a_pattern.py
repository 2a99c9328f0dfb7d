"""Read a pattern, hear everything that is wrong with it in one run, write it in other formats."""

import json
from pathlib import Path

from fitting.body import Measurements
from fitting.pattern import draft_tshirt, garmentcode_from_pattern, inspect_pattern, read_pattern
from muslin.patterns import convert

measures = Measurements.from_cm({"stature": 170, "bust_girth": 94, "hip_girth": 100})
shirt = garmentcode_from_pattern(draft_tshirt(measures))
Path("shirt.json").write_text(json.dumps(shirt), encoding="utf-8")

broken = json.loads(json.dumps(shirt))
front = broken["pattern"]["panels"]["front"]
front["vertices"][1][0] += 6.0  # one corner slips by 6 cm
broken["pattern"]["stitches"] = broken["pattern"]["stitches"][1:]  # and a seam is forgotten
Path("broken.json").write_text(json.dumps(broken), encoding="utf-8")

for name in ("shirt.json", "broken.json"):
    pattern, findings = inspect_pattern(Path(name))
    problems = [one for one in findings if one.severity != "hint"]
    print(f"{name}: {len(pattern.panels)} panels, {len(pattern.seams)} seams,"
          f" {len(problems)} problems")  # fmt: skip
    for problem in problems:
        print("  ", problem)

for to in ("dxf", "svg", "pdf"):
    target = convert(Path("shirt.json"), to=to)
    print(f"{target}: {target.stat().st_size} bytes")
back = read_pattern(Path("shirt.dxf"))
print("read back from DXF, with the seams beside it:", len(back.panels), "panels,",
      len(back.seams), "seams")  # fmt: skip
sleeve, drafted = back.panels[2], read_pattern(Path("shirt.json")).panels[2]
off_mm = 1000 * abs(sum(map(sleeve.length_m, range(len(sleeve.edges))))
                    - sum(map(drafted.length_m, range(len(drafted.edges)))))  # fmt: skip
print(f"its sleeve is {off_mm:.2f} mm longer or shorter round than the one that was drafted")
