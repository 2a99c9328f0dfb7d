"""Session room under load: three garments, eleven strips of 200 and 500 Hz, one browser.

    python benchmarks/studio_live.py --seconds 600 [--json]

The garments are virtual ones on UDP, the recorder, the server and headless Chromium (software
drawing) are processes of their own. Told are redraws a second, lag from arrival at the recorder to
the drawing of the page, processor time of the server, samples that the page missed, and memory at
the first and the last quarter. Needs `make web`, chromium, and playwright.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import sim_process, write_replay

RATES_HZ = ((200, 200, 200, 200), (200, 200, 200, 200), (200, 200, 500))
FLAGS = (
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-gpu",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip
START = """async (garments) => {
  const { post } = await import("/static/api.js");
  await post("/api/recordings", { garments, subject: "bench", task: "load" });
}"""
LOOK = """() => {
  const { redraws, samples, dropped, lags } = muslin.counters;
  return { redraws, samples, dropped, lags, heap_b: performance.memory?.usedJSHeapSize ?? 0 };
}"""


def schema_of(rates_hz):
    streams = tuple(
        StreamSchema(
            id=i + 1, name=f"line_{i + 1}", rate_hz=float(rate), rates_hz=(float(rate),),
            max_latency_ms=60, store=True,
            channels=(
                ChannelSchema(name=f"strain_{i + 1}", unit="%", bits=16, signed=True, scale=0.01,
                              offset=0.0, kind="strain"),
            ),
        )
        for i, rate in enumerate(rates_hz)
    )  # fmt: skip
    return GarmentSchema(vendor="bench", name="load", hw="1", schema=1, streams=streams)


def write_garment(path, rates_hz, seconds, rng):
    counts = {}
    for i, rate in enumerate(rates_hz):
        time_s = np.arange(round(rate * seconds)) / rate
        wave = 500 * np.sin(2 * np.pi * (0.5 + 0.1 * i) * time_s)
        counts[i + 1] = np.rint(wave + rng.normal(0, 20, time_s.size))[:, None].astype(np.int64)
    write_replay(path, schema_of(rates_hz), counts)


@contextlib.contextmanager
def studio(folder):
    """A studio of its own; yields its process and address."""
    command = [sys.executable, "-m", "muslin", "studio", "--no-browser", "--folder", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            found = re.search(r"http://\S+", line)
            if found:
                yield psutil.Process(process.pid), found.group()
                break
    finally:
        process.terminate()
        process.wait(20)
        process.stderr.close()


async def until(page, expression, seconds=120.0):
    end = time.monotonic() + seconds
    while not await page.evaluate(expression):
        if time.monotonic() > end:
            raise TimeoutError(expression)
        await asyncio.sleep(0.1)


async def watch(page, server, recorder, seconds):
    """Look every second; returns one row a look."""
    rows, lags = [], []
    for _ in range(round(seconds)):
        await asyncio.sleep(1)
        look = await page.evaluate(LOOK)
        lags += look.pop("lags")[-30:]
        rows.append({
            **look, "at_s": time.monotonic(), "server_rss_b": server.memory_info().rss,
            "server_cpu_s": sum(server.cpu_times()[:2]),
            "recorder_cpu_s": sum(recorder.cpu_times()[:2]),
        })  # fmt: skip
    return rows, lags


def judge(rows, lags, stored, page_samples):
    first, last = rows[0], rows[-1]
    span_s = last["at_s"] - first["at_s"]
    quarter = max(1, len(rows) // 4)

    def growth(name):
        early = np.median([row[name] for row in rows[:quarter]])
        late = np.median([row[name] for row in rows[-quarter:]])
        return float(late / early - 1) if early else None

    known = [lag for lag in lags if lag is not None and np.isfinite(lag)]
    return {
        "seconds": span_s,
        "redraws_per_s": (last["redraws"] - first["redraws"]) / span_s,
        "lag_median_s": float(np.median(known)),
        "lag_p95_s": float(np.percentile(known, 95)),
        "server_share_of_core": (last["server_cpu_s"] - first["server_cpu_s"]) / span_s,
        "recorder_share_of_core": (last["recorder_cpu_s"] - first["recorder_cpu_s"]) / span_s,
        "samples_stored": stored,
        "samples_at_page": page_samples,
        "messages_dropped": last["dropped"],
        "server_memory_growth": growth("server_rss_b"),
        "page_heap_growth": growth("heap_b"),
        "load_average": os.getloadavg()[0],
    }


async def opened_page(stack, address):
    """The studio's page in headless Chromium, ready; closed with the stack."""
    from playwright.async_api import async_playwright

    playwright = await stack.enter_async_context(async_playwright())
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    await page.goto(address)
    await page.wait_for_selector("body[data-ready=yes]", timeout=120_000)
    return page


async def run(seconds, seed):
    rng = np.random.default_rng(seed)
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="studio-live-")))
        uris = []
        for i, rates_hz in enumerate(RATES_HZ):
            path = folder / f"garment-{i}.npz"
            write_garment(path, rates_hz, seconds + 120, rng)
            uris.append(
                await stack.enter_async_context(sim_process(path, door="udp", serial=i + 1))
            )
        server, address = stack.enter_context(studio(folder / "project"))
        page = await opened_page(stack, address)
        await page.click("#tab-session")
        await page.evaluate(START, uris)
        await until(page, "muslin.counters.strips === 11 && muslin.counters.redraws > 20")
        recorder = next(
            child for child in server.children() if "muslin.studio.recorder" in child.cmdline()
        )
        rows, lags = await watch(page, server, recorder, seconds)
        await page.click("#stop")
        await until(page, "document.getElementById('record-text').textContent.startsWith('saved')")
        await asyncio.sleep(1)
        said = await page.inner_text("#record-text")
        stored = sum(int(n) for n in re.findall(r"(\d+) samples", said))
        page_samples = await page.evaluate("muslin.counters.samples")
        return judge(rows, lags, stored, page_samples)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = asyncio.run(run(options.seconds, options.seed))
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for name, value in result.items():
        print(f"{name:24} {value:.4g}" if isinstance(value, float) else f"{name:24} {value}")


if __name__ == "__main__":
    main()
