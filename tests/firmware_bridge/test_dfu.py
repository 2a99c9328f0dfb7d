"""Updates end with the old or the new firmware running, wherever they are interrupted."""

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("smpclient")

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmware_bridge.control import decode_message
from firmware_bridge.dfu import LinkTransport, Updater, update_on_line
from firmware_bridge.errors import ImageError, UpdateError
from firmware_bridge.image import FirmwareImage, Version
from firmware_bridge.schema import ChannelSchema, GarmentSchema, StreamSchema
from firmware_bridge.sim import Garment, Replay
from firmware_bridge.sim.bootloader import Bootloader, answer_management
from firmware_bridge.sim.doors import PtyDoor, UdpDoor
from firmware_bridge.sim.outlet import Outlet


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Private key files of the maker and of somebody else; the maker's public key."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("maker", "forger"):
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )  # fmt: skip
        (folder / f"{name}.pem").write_bytes(pem)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        (folder / f"{name}.pub").write_bytes(public)
    return folder


@pytest.fixture(scope="module")
def sign(keys, tmp_path_factory):
    """Sign a body of random bytes with the tool that makers use."""
    folder = tmp_path_factory.mktemp("images")

    def signed(version, *, key="maker", n_bytes=20_000):
        body, out = folder / "body.bin", folder / f"{key}-{version}.bin"
        body.write_bytes(np.random.default_rng(len(version)).bytes(n_bytes))
        subprocess.run(
            [Path(sys.executable).with_name("imgtool"), "sign", "-k", keys / f"{key}.pem",
             "--version", version, "--header-size", "0x200", "--align", "8", "--slot-size",
             "0x60000", "--pad-header", body, out],
            check=True, capture_output=True,
        )  # fmt: skip
        return out.read_bytes()

    return signed


class CutError(Exception):
    """The link broke."""


def transport_of(boot, *, n_left=None):
    """Messages to the bootloader; the link breaks when none is left, before or after its effect."""
    left = [n_left]

    async def exchange(data):
        if left[0] is not None:
            left[0] -= 1
            if left[0] < 0:
                raise CutError
        answer = answer_management(boot, decode_message(data)).make(0)
        if left[0] == 0 and n_left % 2:
            raise CutError
        return answer

    return LinkTransport(exchange, mtu=244)


async def lead(boot, updater):
    for _ in range(4):
        if await updater.step(transport_of(boot)):
            return
        boot.reset()
        boot.run_self_test()
    raise AssertionError("the update does not end")


async def test_an_update_ends_with_the_new_firmware_confirmed(keys, sign):
    old, new = sign("1.0.0"), FirmwareImage.from_bytes(sign("1.1.0"))
    boot = Bootloader(old, public_key=(keys / "maker.pub").read_bytes())
    steps = []
    await lead(boot, Updater(new, on_progress=steps.append))
    assert boot.running.version == Version(1, 1, 0, 0)
    assert boot.is_confirmed
    assert [s.step for s in steps if s.step != "upload"] == ["test", "reset", "done"]
    sent = [s.n_sent for s in steps if s.step == "upload"]
    assert sent == sorted(sent)
    assert sent[-1] == len(new.data)


@pytest.mark.parametrize("seed", range(20))
async def test_after_any_interruption_old_or_new_runs_and_the_next_try_succeeds(keys, sign, seed):
    old, new = sign("1.0.0"), FirmwareImage.from_bytes(sign("1.1.0"))
    boot = Bootloader(old, public_key=(keys / "maker.pub").read_bytes())
    n_left = int(np.random.default_rng(seed).integers(0, 18))
    updater = Updater(new)
    with contextlib.suppress(CutError):
        await updater.step(transport_of(boot, n_left=n_left))
    boot.reset()
    # Power fails before the self-test in every second case.
    if seed % 2:
        boot.run_self_test()
    boot.reset()
    assert boot.running.data in (old, new.data)
    boot.running.check_signature((keys / "maker.pub").read_bytes())
    await lead(boot, Updater(new))
    assert boot.running.data == new.data
    assert boot.is_confirmed


@contextlib.asynccontextmanager
async def on_line(door, boot):
    """A garment with a bootloader behind a door; yields its address."""
    channel = ChannelSchema(name="a", unit="1", bits=8, signed=True, scale=1, offset=0, kind="acc")
    stream = StreamSchema(
        id=1, name="s", rate_hz=10.0, rates_hz=(10.0,), max_latency_ms=500, store=True,
        channels=(channel,),
    )  # fmt: skip
    schema = GarmentSchema(vendor="v", name="n", hw="h", schema=1, streams=(stream,))
    replay = Replay(schema=schema, counts={1: np.zeros((9, 1), np.int64)})
    outlet = Outlet(Garment(replay, rng=np.random.default_rng(1)), door, bootloader=boot)
    door.obey, door.forget_link = outlet.obey, outlet.forget_link
    await (door.open(data_port=0, control_port=0) if isinstance(door, UdpDoor) else door.open())
    async with asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(outlet.run())
        yield door.uri
        playing.cancel()
    door.close()


@pytest.mark.parametrize("make_door", [UdpDoor, PtyDoor])
async def test_an_update_on_a_line_survives_being_stopped_again_and_again(keys, sign, make_door):
    """The host goes away at random moments; old or new firmware runs, and the last try ends it."""
    old, new = sign("1.0.0"), FirmwareImage.from_bytes(sign("1.1.0"))
    boot = Bootloader(old, public_key=(keys / "maker.pub").read_bytes())
    rng = np.random.default_rng(3)
    async with on_line(make_door(), boot) as uri:
        for _ in range(10):
            with contextlib.suppress(TimeoutError, UpdateError):
                async with asyncio.timeout(float(rng.uniform(0.005, 0.12))):
                    await update_on_line(uri, new)
            assert boot.running.data in (old, new.data)
        await update_on_line(uri, new, timeout_s=20)
    assert boot.running.data == new.data
    assert boot.is_confirmed


async def test_a_line_without_a_garment_is_said(sign, monkeypatch):
    monkeypatch.setattr("firmware_bridge.dfu._ANSWER_S", 0.3)
    with pytest.raises(UpdateError, match=r"does not answer|not done within 0\.3 s"):
        await update_on_line(
            "udp:127.0.0.1:9:9", FirmwareImage.from_bytes(sign("1.1.0")), timeout_s=0.3
        )
    with pytest.raises(UpdateError, match="does not answer"):
        await update_on_line(
            "uart:/dev/none,/dev/none@9600", FirmwareImage.from_bytes(sign("1.1.0")), max_failures=1
        )


async def test_a_broken_upload_goes_on_where_it_was(keys, sign):
    new = FirmwareImage.from_bytes(sign("1.1.0"))
    boot = Bootloader(sign("1.0.0"), public_key=(keys / "maker.pub").read_bytes())
    with pytest.raises(CutError):
        await Updater(new).step(transport_of(boot, n_left=8))
    offsets = []
    await lead(boot, Updater(new, on_progress=lambda p: offsets.append((p.step, p.n_sent))))
    assert offsets[0][0] == "upload"
    assert offsets[0][1] > 5000


async def test_firmware_that_fails_its_test_goes_back(keys, sign):
    new = FirmwareImage.from_bytes(sign("1.1.0"))
    key = (keys / "maker.pub").read_bytes()
    boot = Bootloader(sign("1.0.0"), public_key=key, passes_self_test=False)
    updater = Updater(new, confirm_timeout_s=0.3)
    assert not await updater.step(transport_of(boot))
    boot.reset()
    with pytest.raises(UpdateError, match=r"did not confirm itself within 0\.3 s"):
        await updater.step(transport_of(boot))
    boot.reset()
    with pytest.raises(UpdateError, match=r"runs version 1\.0\.0 again"):
        await updater.step(transport_of(boot))


async def test_older_and_forged_images_are_refused_on_both_ends(keys, sign):
    key = (keys / "maker.pub").read_bytes()
    boot = Bootloader(sign("2.0.0"), public_key=key)
    older = FirmwareImage.from_bytes(sign("1.9.9"))
    with pytest.raises(ImageError, match=r"1\.9\.9 is older than 2\.0\.0"):
        await Updater(older).step(transport_of(boot))
    forged = FirmwareImage.from_bytes(sign("3.0.0", key="forger"))
    with pytest.raises(ImageError, match="not signed with this key"):
        forged.check_signature(key)
    for image in (older, forged):
        updater = Updater(image, allow_downgrade=True)
        assert not await updater.step(transport_of(boot))
        boot.reset()
        with pytest.raises(UpdateError, match=r"2\.0\.0 again"):
            await updater.step(transport_of(boot))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda d: d[:20], "20 bytes"),
        (lambda d: b"\0" + d[1:], "sign it with imgtool"),
        (lambda d: d[:9000], "cut short"),
        (lambda d: d[:600] + b"x" + d[601:], "damaged"),
    ],
)
def test_images_that_are_none_are_refused(sign, damage, words):
    with pytest.raises(ImageError, match=words):
        FirmwareImage.from_bytes(damage(sign("1.0.0")))


def test_keys_and_versions_are_checked(sign):
    image = FirmwareImage.from_bytes(sign("1.0.0"))
    with pytest.raises(ImageError, match="PEM"):
        image.check_signature(b"no key")
    assert Version.from_text("1.2.3+4") == Version(1, 2, 3, 4)
    with pytest.raises(ImageError, match=r"like 1\.2\.3"):
        Version.from_text("one")
