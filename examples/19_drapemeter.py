"""The drapemeter, for two fabric cards: how much shadow is left, and how many folds."""

import numpy as np
from matplotlib.figure import Figure

from fitting.cloth import load_fabric
from fitting.fit.drapemeter import DISC_RADIUS_M, SUPPORT_RADIUS_M, cusick

figure = Figure(figsize=(8, 4), layout="constrained")
circle = np.linspace(0, 2 * np.pi, 361)
for i, name in enumerate(("viscose_twill", "denim"), start=1):
    test = cusick(load_fabric(name), edge_length_m=0.015)
    print(
        f"{name}: drape coefficient {100 * test.coefficient:.0f} %, {test.n_nodes} folds,"
        f" bending length {1000 * test.bending_length_m:.0f} mm, at rest: {test.drape.converged}"
    )
    axis = figure.add_subplot(1, 2, i, aspect="equal")
    for radius_m in (SUPPORT_RADIUS_M, DISC_RADIUS_M):
        axis.plot(100 * radius_m * np.cos(circle), 100 * radius_m * np.sin(circle), "0.7", lw=1)
    angles = np.linspace(0, 2 * np.pi, len(test.shadow_m), endpoint=False)
    x, y = 100 * test.shadow_m * np.cos(angles), 100 * test.shadow_m * np.sin(angles)
    axis.fill(x, y, alpha=0.5)
    axis.set(title=f"{name}, {100 * test.coefficient:.0f} %", xlabel="cm", ylabel="cm")
figure.savefig("shadows.png", dpi=110)
