"""A fabric card of your own: from a laboratory's sheet to a card that names its sources."""

from pathlib import Path

from fitting.cloth import fabric_names, load_fabric
from fitting.cloth.fabric_cards import card_text
from fitting.cloth.fabric_prior import check_fabric
from fitting.cloth.fabric_sheets import fabric_from_sheet, read_sheet

print(len(fabric_names()), "cards ship:", ", ".join(fabric_names()[:4]), "...")
Path("wool.csv").write_text(
    """quantity,warp,weft
W,18.5
B,0.085,0.062
G,0.60,0.58
EMT,5.2,7.9
T0,0.61
""",
    encoding="utf-8",
)
sheet = read_sheet(Path("wool.csv"))
card = fabric_from_sheet(sheet, name="my_wool", base="wool_suiting")
Path("my_wool.toml").write_text(card_text(card, notes=("Measured on KES-F.",)), encoding="utf-8")
again = load_fabric("my_wool.toml")
print(f"{sheet.method} sheet: {1000 * again.area_density_kg_m2:.0f} g/m2, bends with"
      f" {1e6 * again.bending_warp_n_m:.1f} uN m along the warp")  # fmt: skip
for key in ("bending_warp_n_m", "thickness_m", "friction_skin"):
    print(f"  {key}: {again.provenance[key]}")
print("hard to believe:", [str(found) for found in check_fabric(again)] or "nothing")
