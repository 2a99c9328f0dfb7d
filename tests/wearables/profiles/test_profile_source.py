import asyncio
import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.events import Damaged, LossCause, Lost, Sampled, Status
from wearables.ble import scan
from wearables.ble.supervisor import SupervisorSettings
from wearables.errors import LinkError
from wearables.events import LinkClosed, LinkOpened
from wearables.profiles import movesense, polar, profiles_named, thingy
from wearables.profiles.profile import uuid16
from wearables.profiles.source import ProfileSource
from wearables.profiles.vendors import movesense_profile, polar_profile
from wearables.sessions import Session, SubjectInfo, record, verify_here

sys.path.append(str(Path(__file__).parent))
from virtual_sensor import Sensor, on_air

HEART, BATTERY = uuid16(0x2A37), uuid16(0x2A19)
QUICK = SupervisorSettings(
    scan_timeout_s=1.0, connect_timeout_s=2.0, operation_timeout_s=1.0, silence_s=0.6,
    backoff_first_s=0.05, first_attempts=1,
)  # fmt: skip


def strap(number: int = 21, name: str = "Strap 7") -> Sensor:
    texts = {uuid16(0x2A29): b"Maker", uuid16(0x2A24): b"Strap\0", uuid16(0x2A27): b"C"}
    return Sensor(
        number, name,
        {uuid16(0x180D): {HEART: b""}, uuid16(0x180F): {BATTERY: b"\x57"}, uuid16(0x180A): texts},
    )  # fmt: skip


async def beats(sensor: Sensor, n: int, pause_s: float = 0.01) -> None:
    for i in range(n):
        await sensor.send(HEART, bytes([0x16, 60 + i, 0, 4]))
        await asyncio.sleep(pause_s)


async def test_a_heart_rate_strap_is_recorded(tmp_path):
    sensor = strap()
    async with on_air(sensor), ProfileSource("sim:", settings=QUICK) as source:
        assert (source.about.manufacturer, source.schema.name) == ("Maker", "Strap")
        assert [stream.name for stream in source.schema.streams] == ["heart_rate", "rr"]
        path = tmp_path / "s.h5"
        async with asyncio.TaskGroup() as group:
            task = group.create_task(record(source, path, subject=SubjectInfo(id="P1")))
            await beats(sensor, 5)
            await asyncio.sleep(0.05)
            await source.stop()
        summary = task.result()
    assert summary.n_stored == {"heart_rate": 5, "rr": 5}
    assert verify_here(path).exit_code == 0
    with Session.open(path) as session:
        assert session.status["battery_pct"].tolist() == [87.0]
        stream = session.streams["heart_rate"]
        assert stream.physical(stream.counts(0, 5))[:, 0].tolist() == [60, 61, 62, 63, 64]
        stream = session.streams["rr"]
        intervals = stream.physical(stream.counts(0, 5))
        assert np.allclose(intervals[:, 0], 1.0)


async def test_links_come_again_and_the_hole_is_told():
    sensor = strap()
    patient = dataclasses.replace(QUICK, silence_s=5.0)
    async with on_air(sensor), ProfileSource("sim:", device="Strap", settings=patient) as source:

        async def play() -> None:
            await beats(sensor, 3)
            await sensor.drop()
            await asyncio.sleep(1.6)
            await sensor.send(HEART, b"\x10")
            await beats(sensor, 3)
            await asyncio.sleep(0.05)
            await source.stop()

        async with asyncio.TaskGroup() as group:
            group.create_task(play())
            events = [event async for event in source]
    assert [e.epoch for e in events if isinstance(e, LinkOpened)] == [1, 2]
    assert [e.reason for e in events if isinstance(e, LinkClosed)] == ["lost", "stopped"]
    rates = [e for e in events if isinstance(e, Sampled) and e.stream_id == 1]
    lost = [e for e in events if isinstance(e, Lost)]
    assert [e.cause for e in lost] == [LossCause.NO_LINK]
    assert [e.epoch for e in rates] == [1, 1, 1, 2, 2, 2]
    assert rates[3].first_index == rates[2].first_index + 1 + lost[0].n_samples
    assert sum(isinstance(e, Damaged) for e in events) == 1
    assert sum(isinstance(e, Status) for e in events) == 2


async def test_silence_ends_a_link():
    sensor = strap()
    async with on_air(sensor), ProfileSource("sim:", settings=QUICK, duration_s=1.4) as source:
        reasons = [event.reason async for event in source if isinstance(event, LinkClosed)]
    assert reasons[0] == "silent"
    assert reasons[-1] == "stopped"


async def test_a_polar_sensor_is_started_and_its_gap_is_found():
    sensor = Sensor(
        22, "Polar X", {polar.SERVICE_UUID: {polar.CONTROL_UUID: None, polar.DATA_UUID: b""}}
    )
    sensor.answer = lambda _uuid, data: (polar.CONTROL_UUID, bytes([0xF0, 2, data[1], 0, 0]))
    profile = polar_profile({polar.PmdKind.ECG: {polar.PmdSetting.RATE_HZ: 100}})
    async with on_air(sensor), ProfileSource("sim:", profiles=[profile], settings=QUICK) as source:
        assert sensor.written == [(polar.CONTROL_UUID, bytes.fromhex("020000016400"))]
        for last in (10, 20, 50):
            stamp = round(1e15 + last * 1e7).to_bytes(8, "little")
            await sensor.send(polar.DATA_UUID, b"\0" + stamp + b"\0" + bytes(30))
        await asyncio.sleep(0.05)
        await source.stop()
        events = [event async for event in source]
    samples = [e for e in events if isinstance(e, Sampled)]
    assert [(e.first_index, len(e.counts)) for e in samples] == [(0, 10), (10, 10), (40, 10)]
    (lost,) = [e for e in events if isinstance(e, Lost)]
    assert (lost.first_index, lost.n_samples, lost.cause) == (20, 20, LossCause.INFERRED)
    assert [e.device_us - samples[0].device_us for e in samples] == [0, 100_000, 400_000]


async def test_a_refusal_is_told():
    sensor = Sensor(
        23, "Polar Y", {polar.SERVICE_UUID: {polar.CONTROL_UUID: None, polar.DATA_UUID: b""}}
    )
    sensor.answer = lambda _uuid, data: (polar.CONTROL_UUID, bytes([0xF0, 2, data[1], 5, 0]))
    async with on_air(sensor):
        with pytest.raises(LinkError, match=r"refused 0200.*status 5"):
            async with ProfileSource("sim:", settings=QUICK):
                pass
        sensor.answer = lambda _uuid, _data: None
        with pytest.raises(LinkError, match="did not answer"):
            async with ProfileSource("sim:", settings=QUICK):
                pass


async def test_movesense_and_thingy():
    gsp = Sensor(
        24, "Move", {movesense.SERVICE_UUID: {movesense.WRITE_UUID: None,
                                              movesense.NOTIFY_UUID: b""}}
    )  # fmt: skip
    gsp.answer = lambda _uuid, data: (movesense.NOTIFY_UUID, bytes([1, data[1], 200, 0]))
    box = Sensor(
        25, "Thing", {thingy.SERVICE_UUID: {thingy.CONFIG_UUID: None, thingy.RAW_UUID: b""}}
    )
    async with on_air(gsp, box):
        profile = movesense_profile(["/Meas/Acc/52"])
        async with ProfileSource("sim:", profiles=[profile], settings=QUICK) as source:
            data = bytes.fromhex("0201e80300000000003f00001cc10000803f")
            await gsp.send(movesense.NOTIFY_UUID, data)
            await asyncio.sleep(0.05)
            await source.stop()
            found = [event async for event in source if isinstance(event, Sampled)]
        assert found[0].counts.tolist() == [[5000, -97500, 10000]]
        async with ProfileSource(
            "sim:", profiles=profiles_named(["thingy"]), settings=QUICK
        ) as source:
            assert box.written == [(thingy.CONFIG_UUID, thingy.MotionSettings().to_bytes())]
            await box.send(thingy.RAW_UUID, bytes(18))
            await asyncio.sleep(0.05)
            await source.stop()
            found = [event async for event in source if isinstance(event, Sampled)]
        assert found[0].counts.tolist() == [[0] * 9]


async def test_devices_that_cannot_be_used_are_told():
    sensor = Sensor(26, "Lamp", {uuid16(0x180F): {BATTERY: b"\x57"}})
    source = ProfileSource("sim:", device="Lamp", settings=QUICK)
    with pytest.raises(LinkError, match="only once"):
        _ = source.schema
    with pytest.raises(LinkError, match="no device that fits"):
        async with source:
            pass
    async with on_air(sensor):
        with pytest.raises(LinkError, match="none of the services"):
            async with ProfileSource("sim:", device="Lamp", settings=QUICK):
                pass
        seen = await scan("sim:", timeout_s=0.3)
    assert [(device.name, device.serial) for device in seen] == [("Lamp", None)]
    with pytest.raises(LinkError, match="radio"):
        async with ProfileSource("tcp-client:127.0.0.1:1", settings=QUICK):
            pass
