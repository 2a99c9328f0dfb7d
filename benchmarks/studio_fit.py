"""Fit room: first picture, whole drape and map switch on a warm studio, by real clicks.

    python benchmarks/studio_fit.py [--mesh 0.016] [--pattern tshirt] [--json]

The first picture shows body and garment as sewn; the drape follows. A first drape warms the worker
(imports, compiled kernels, body) and is not counted. Needs `make web`, chromium, and playwright.
"""

import argparse
import asyncio
import contextlib
import json
import os
import tempfile
from pathlib import Path

import numpy as np
from studio_live import opened_page, studio, until

MAPS = ("ease", "stretch", "stress", "gap", "pressure")
# From the click on a map until its picture was drawn and read back.
SWITCH = """async (name) => {
  const begun = performance.now();
  document.querySelector(`[data-map=${name}]`).click();
  const view = muslin.rooms.fit.view, gl = view.renderer.getContext();
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  return (performance.now() - begun) / 1000;
}"""


async def drape(page, n_before):
    await page.click("#drape")
    await until(page, f"muslin.counters.fits > {n_before}", 900)
    counters = await page.evaluate("muslin.counters")
    return counters["firstPicture_s"], counters["draped_s"]


async def run(options):
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="studio-fit-")))
        _, address = stack.enter_context(studio(folder / "project"))
        page = await opened_page(stack, address)
        await page.click("#tab-fit")
        await page.select_option("#pattern", options.pattern)
        # The page offers three meshes; a benchmark may ask for any.
        await page.evaluate(
            "(edge) => { const s = document.getElementById('mesh');"
            " s.append(new Option('asked', edge)); s.value = edge; }",
            str(options.mesh),
        )
        cold = await drape(page, 0)
        runs = [await drape(page, i + 1) for i in range(options.runs)]
        switches = [await page.evaluate(SWITCH, name) for name in MAPS * 2]
        summary = await page.evaluate("[...muslin.rooms.fit.fits.values()].at(-1).summary")
    return {
        "n_vertices": summary["n_vertices"],
        "n_body_vertices": summary["n_body_vertices"],
        "converged": summary["converged"],
        "cold_first_picture_s": cold[0],
        "warm_first_picture_s": float(min(first for first, _ in runs)),
        "warm_drape_s": float(min(draped for _, draped in runs)),
        "map_switch_median_s": float(np.median(switches)),
        "map_switch_max_s": float(max(switches)),
        "load_average": os.getloadavg()[0],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pattern", default="tshirt")
    parser.add_argument("--mesh", type=float, default=0.0105)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = asyncio.run(run(options))
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for name, value in result.items():
        print(f"{name:24} {value:.4g}" if isinstance(value, float) else f"{name:24} {value}")


if __name__ == "__main__":
    main()
