"""Time ranges as pandas and xarray, gaps explicit."""

import sys

import numpy as np
import pytest

from firmware_bridge.events import LossCause, Lost, Sampled
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from wearables.errors import SessionError
from wearables.sessions import Session, SessionWriter, SubjectInfo
from wearables.sessions.labelled import read_channels, to_pandas, to_xarray


@pytest.fixture
def stream(tmp_path):
    channels = tuple(
        ChannelSchema(name=name, unit="mV", bits=16, signed=True, scale=1.0, offset=0.0, kind="ecg")
        for name in ("a", "b")
    )
    one = StreamSchema(
        id=1, name="ecg", rate_hz=100.0, rates_hz=(100.0,), max_latency_ms=100, store=True,
        channels=channels,
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(one,))
    with SessionWriter(
        tmp_path / "s.h5", schema, subject=SubjectInfo(id="P"), journal=False
    ) as writer:
        for start in range(0, 100, 10):
            host_ns = writer.anchor_host_ns + start * 10**7
            if start == 30:
                writer.write(
                    Lost(
                        stream_id=1, boot=1, first_index=30, n_samples=10, host_ns=host_ns,
                        cause=LossCause.RADIO, epoch_before=1, epoch_after=1,
                    )
                )  # fmt: skip
                continue
            rows = np.arange(start, start + 10)
            writer.write(
                Sampled(
                    stream_id=1, boot=1, first_index=start, device_us=start * 10_000, flags=0,
                    counts=np.stack([rows, -rows], axis=1), host_ns=host_ns, epoch=1,
                )
            )  # fmt: skip
    with Session.open(tmp_path / "s.h5") as session:
        yield session.streams["ecg"]


def test_some_channels_of_a_range(stream):
    block = read_channels(stream, ["b"], start_s=0.1, stop_s=0.2)
    assert block.channels == ("b_v",)
    assert np.allclose(block.values[:, 0], -np.arange(10, 20) / 1000)
    assert read_channels(stream).channels == ("a_v", "b_v")
    with pytest.raises(SessionError, match="no channel 'z'; it has a_v, b_v"):
        read_channels(stream, ["z"])


def test_pandas(stream):
    frame = to_pandas(stream, ["a_v"], start_s=0.25, stop_s=0.45)
    assert frame.index.name == "time_s"
    assert list(frame.columns) == ["a_v"]
    assert frame["a_v"].isna().sum() == 10
    assert len(to_pandas(stream, drop_gaps=True)) == 90
    assert frame.attrs["rate_hz"] == pytest.approx(100)


def test_xarray(stream):
    array = to_xarray(stream, start_s=0.2, stop_s=0.5)
    assert array.dims == ("time_s", "channel")
    assert int((~array.is_measured).sum()) == 10
    assert float(array.sel(channel="b_v").isel(time_s=0)) == pytest.approx(-0.020)


def test_a_missing_package_is_one_sentence(stream, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(SessionError, match="pip install pandas"):
        to_pandas(stream)
