"""Draft leggings for a person, change an ease, and grade them: a nest of five sizes."""

from matplotlib.figure import Figure

from fitting.body import Measurements, body_from_measurements
from fitting.pattern import check_pattern, complete_measures, draft_block

taped = Measurements.from_cm(
    {"stature": 168, "waist_girth": 74, "hip_girth": 100, "inside_leg_height": 77}
)
measures = complete_measures(taped, body_from_measurements(taped, sex="female").achieved)

sizes = {step: draft_block("leggings", measures, size_step=step) for step in range(-2, 3)}
firm = draft_block("leggings", measures, ease={"calf_share": -0.20})
for step, pattern in sizes.items():
    leg = pattern.panels[0]
    round_cm = 100 * sum(leg.length_m(i) for i in range(len(leg.edges)))
    problems = [one for one in check_pattern(pattern) if one.severity != "hint"]
    print(f"size {step:+d}: {', '.join(p.name for p in pattern.panels)}; {leg.name} is"
          f" {round_cm:.1f} cm round; {len(problems)} problems")  # fmt: skip
print("with 20 % less at the calf:", firm.name, "of", len(firm.panels), "panels")

figure = Figure(figsize=(7, 5), layout="constrained")
axis = figure.add_subplot(aspect="equal")
for step, pattern in sizes.items():
    outline = 100 * pattern.panels[0].outline_m()
    axis.plot(*outline[[*range(len(outline)), 0]].T, lw=1, label=f"size {step:+d}")
outline = 100 * firm.panels[0].outline_m()
axis.plot(*outline[[*range(len(outline)), 0]].T, "k--", lw=1, label="firm calf")
axis.set(xlabel="cm", ylabel="cm", title=sizes[0].panels[0].name)
axis.legend()
figure.savefig("nest.png", dpi=110)
