"""Size of sessions against gzip, and reading one channel of a night by the minute.

Every folder below ``--data`` that holds WAV files is imported as it is. Then the movement and ECG
of the longest is repeated to a night and written by the recorder in frames, with 1 % of frames
lost; that is read minute by minute, beside plain h5py reading the same rows without time or gaps.
"""

import argparse
import gzip
import json
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

from firmware_bridge.events import LossCause, Lost, Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from wearables.sessions import Session, SessionWriter, SubjectInfo
from wearables.sessions.importers import import_recording
from wearables.sessions.labelled import read_channels


def raw_bytes(path: Path) -> dict[str, bytes]:
    with h5py.File(path) as file:
        streams = file["devices/garment/streams"]
        return {name: group["raw"][...].tobytes() for name, group in streams.items()}


def sizes(path: Path) -> dict[str, float]:
    raw = raw_bytes(path)
    zipped = sum(len(gzip.compress(data, 6)) for data in raw.values())
    return {
        "file_b": path.stat().st_size,
        "raw_b": sum(len(data) for data in raw.values()),
        "gzip_b": zipped,
        "ratio": path.stat().st_size / zipped,
    }


def night_schema(n_acc: int, rates_hz: tuple[float, float]) -> GarmentSchema:
    def stream(number: int, name: str, rate_hz: float, n_channels: int, unit: str) -> StreamSchema:
        channels = tuple(
            ChannelSchema(
                name=f"{name}_{i}",
                unit=unit,
                bits=16,
                signed=True,
                scale=1 / 256,
                offset=0.0,
                kind=name,
            )
            for i in range(n_channels)
        )
        return StreamSchema(
            id=number,
            name=name,
            rate_hz=rate_hz,
            rates_hz=(rate_hz,),
            max_latency_ms=500,
            store=True,
            channels=channels,
        )

    streams = (stream(1, "acc", rates_hz[0], n_acc, "[g]"), stream(2, "ecg", rates_hz[1], 1, "mV"))
    return GarmentSchema(vendor="bench", name="night", hw="1", schema=1, streams=streams)


def write_night(source: Path, path: Path, hours: float, loss: float) -> float:
    """Write a night from a recording; returns the seconds it took."""
    with Session.open(source) as session:
        acc, ecg = session.streams["acc"], session.streams["ecg"]
        counts = {1: acc.counts(0, acc.n_rows), 2: ecg.counts(0, ecg.n_rows)}
        schema = night_schema(counts[1].shape[1], (acc.nominal_rate_hz, ecg.nominal_rate_hz))
    rng = np.random.default_rng(1)
    start = time.perf_counter()
    with SessionWriter(path, schema, subject=SubjectInfo(id="bench"), journal=False) as writer:
        zero = writer.anchor_host_ns
        for i in range(round(hours * 3600 * 4)):
            for stream in schema.streams:
                n = round(stream.rate_hz / 4)
                host_ns = zero + i * 250_000_000
                if rng.random() < loss and i:
                    writer.write(
                        Lost(
                            stream_id=stream.id,
                            boot=1,
                            first_index=i * n,
                            n_samples=n,
                            cause=LossCause.RADIO,
                            host_ns=host_ns,
                            epoch_before=1,
                            epoch_after=1,
                        )
                    )
                    continue
                rows = (i * n + np.arange(n)) % len(counts[stream.id])
                writer.write(
                    Sampled(
                        stream_id=stream.id,
                        boot=1,
                        first_index=i * n,
                        device_us=i * 250_000,
                        counts=counts[stream.id][rows].astype(np.int64),
                        flags=0,
                        host_ns=host_ns,
                        epoch=1,
                    )
                )
    return time.perf_counter() - start


def milliseconds(times_s: list[float]) -> dict[str, float]:
    ms = 1000 * np.array(times_s)
    return {
        "p50_ms": float(np.median(ms)),
        "p99_ms": float(np.quantile(ms, 0.99)),
        "max_ms": float(ms.max()),
    }


def read_night(path: Path) -> dict[str, object]:
    result: dict[str, object] = {}
    start = time.perf_counter()
    with Session.open(path) as session:
        result["open_ms"] = 1000 * (time.perf_counter() - start)
        n_minutes = int(session.duration_s // 60)
        for name, channel in (("acc", "acc_0"), ("ecg", "ecg_0")):
            stream, times, cpu_times = session.streams[name], [], []
            for minute in range(n_minutes):
                start, start_cpu = time.perf_counter(), time.process_time()
                read_channels(stream, [channel], start_s=60.0 * minute, stop_s=60.0 * minute + 60)
                times.append(time.perf_counter() - start)
                cpu_times.append(time.process_time() - start_cpu)
            # On a busy machine the processor time says more than the clock on the wall.
            result[name] = {
                "n_minutes": n_minutes, **milliseconds(times), "cpu": milliseconds(cpu_times)
            }  # fmt: skip
    with h5py.File(path) as file:
        raw, times = file["devices/garment/streams/ecg/raw"], []
        n = raw.shape[0] // n_minutes
        for minute in range(n_minutes):
            start = time.perf_counter()
            raw[minute * n : (minute + 1) * n, 0].astype(np.float64)
            times.append(time.perf_counter() - start)
    result["h5py_ecg"] = milliseconds(times)
    result["ratio_p50"] = result["ecg"]["p50_ms"] / result["h5py_ecg"]["p50_ms"]
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of shirt recordings")
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--loss", type=float, default=0.01)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folders = sorted({wave.parent for wave in arguments.data.rglob("*.wav")})
    if not folders:
        parser.error(f"no WAV file below {arguments.data}")
    result: dict[str, object] = {"size": {}}
    with tempfile.TemporaryDirectory() as temporary:
        imported: list[Path] = []
        for folder in folders:
            out = Path(temporary) / f"{folder.name}.h5"
            import_recording(folder, out, subject=SubjectInfo(id="bench"))
            result["size"][folder.name] = sizes(out)
            imported.append(out)
        night = Path(temporary) / "night.h5"
        longest = max(imported, key=lambda path: path.stat().st_size)
        result["write_s"] = write_night(longest, night, arguments.hours, arguments.loss)
        result["size"]["night"] = sizes(night)
        result["read"] = read_night(night)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    for name, size in result["size"].items():
        print(
            f"{name}: file {size['file_b'] / 1e6:.2f} MB, raw {size['raw_b'] / 1e6:.2f} MB, "
            f"gzip {size['gzip_b'] / 1e6:.2f} MB, ratio {size['ratio']:.2f} (bar 1.15)"
        )
    print(f"night written in {result['write_s']:.1f} s")
    read = result["read"]
    print(f"open {read['open_ms']:.0f} ms")
    for name in ("acc", "ecg", "h5py_ecg"):
        row = read[name]
        print(
            f"{name}: a minute p50 {row['p50_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms,"
            f" max {row['max_ms']:.1f} ms (bar 50 ms)"
        )
    print(f"time, gaps and units cost {read['ratio_p50']:.1f} times plain h5py")


if __name__ == "__main__":
    main()
