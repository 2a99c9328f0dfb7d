"""Whom an electrode works for: four people, their sizes, and a better place found without them."""

from dataclasses import replace

from fitting.body import Measurements
from muslin.people import Taped
from muslin.twin import load_requirements, twin_garment
from muslin.twin.survey.moves import SearchSettings
from muslin.twin.survey.search import search_places
from muslin.twin.survey.survey import survey_people
from muslin.twin.worn.person import make_people

EDGE_M = 0.02  # coarse, so that this runs in seconds
chests_cm = {"Ada": 84, "Bo": 90, "Cleo": 96, "Dee": 102}
taped = []
for name, chest in chests_cm.items():
    tape = {"stature": 166, "bust_girth": chest, "hip_girth": chest + 8}
    taped.append(Taped(name=name, sex="female", measures=Measurements.from_cm(tape)))
people = list(make_people(taped))
band = twin_garment("chest_band")

# Cases are independent: a pool's map or a dask client's takes the place of `map`.
survey = survey_people(band, people, (0, 1), edge_length_m=EDGE_M, keep=True, mapper=map)
for result in survey.own():
    electrodes = [r for r in result.readings if r.sensor.kind == "electrode"]
    felt = ", ".join(f"{r.pressure_mean_pa / 1000:.2f} kPa" for r in electrodes)
    print(f"{result.person}, size {result.size_step:+d}: {felt}; Laplace {result.hoop_pa:.0f} Pa")
for sensor in survey.sensors:
    print(f"{sensor} works for {survey.share(sensor):.0%} in their size")

found = search_places(
    survey, people, ("electrode_r", "electrode_l"), requirements=load_requirements(),
    edge_length_m=EDGE_M, settings=SearchSettings(n_ease=0, n_generations=4),
)  # fmt: skip
print(found.sentence)
better = replace(band, plans=found.plans, ease={**band.ease, **found.ease})
print("moved to", [plan.anchor for plan in better.plans if plan.kind == "electrode"])
