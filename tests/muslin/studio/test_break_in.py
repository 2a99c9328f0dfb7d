"""Trying to get in: each attempt is refused, the studio lives, nothing lands outside its folder."""

import contextlib
import gzip
import io
import json
import os
import socket
import struct
import tempfile
import time
import zipfile
from pathlib import Path

import pytest
import websockets.exceptions
from test_guard import must_close, socket_of

from muslin.studio.guard import UPLOAD_LIMIT_B

SQUARE = {
    "vertices": [[0, 0], [40, 0], [40, 60], [0, 60]],
    "translation": [0, 0, 20],
    "rotation": [0, 0, 0],
    "edges": [{"endpoints": [i, (i + 1) % 4]} for i in range(4)],
}


def pattern(**panels):
    data = {"pattern": {"panels": panels or {"front": SQUARE}, "stitches": []},
            "properties": {"units_in_meter": 100}}  # fmt: skip
    return json.dumps(data).encode()


def upload(studio, label, body):
    headers = {"Content-Type": "application/octet-stream"}
    return studio.ask("POST", f"/api/uploads?label={label}", body=body, headers=headers)


def files_of(studio):
    return sorted(str(p.relative_to(studio.folder)) for p in studio.folder.rglob("*"))


@pytest.fixture(autouse=True)
def _studio_lives_and_its_parent_stays(studio):
    parent = studio.folder.parent
    before = {p for p in parent.iterdir() if p != studio.folder}
    yield
    assert studio.lives()
    assert {p for p in parent.iterdir() if p != studio.folder} == before
    assert not [name for name in files_of(studio) if "raw" in name]


TRAVERSALS = (
    "/static/../../../pyproject.toml", "/static/..%2f..%2f..%2fpyproject.toml",
    "/static/%2e%2e/%2e%2e/pages.py", "/static/....//....//pages.py", "/static/..\\..\\pages.py",
    "/static//etc/passwd", "/static/vendor/../../pages.py", "/static/app.js%00.txt",
    "/api/sessions/..%2f..%2fproject.toml", "/api/sessions/%2fetc%2fpasswd",
    "/api/sessions/../../etc/passwd/report", "/api/fits/-1/mesh",
    "/api/fits/99999999999999999999/mesh", "/api/fits/1/sensors/../../../project.toml",
    "/api/fits/1/sensors/toml", "/api/fits/1/sensors/exe", "/api/fits/-1/sensors",
    "/api/fits/99999999999999999999/sensors/dxf",
)  # fmt: skip


@pytest.mark.parametrize("path", TRAVERSALS)
def test_a_path_leads_nowhere(studio, path):
    answer = studio.ask("GET", path)
    assert answer.status in (400, 404, 422)
    assert b"root:" not in answer.data
    assert b"import" not in answer.data


@pytest.mark.parametrize(
    "label", ["../../evil.json", "..%2F..%2Fevil.json", "/etc/evil.json", "C:%5Cevil.json",
              "a%00b.json", "con.json", "%2e%2e%2fevil.json"],
)  # fmt: skip
def test_a_name_is_a_label_and_never_a_path(studio, label):
    answer = upload(studio, label, pattern())
    assert answer.status in (200, 422)
    names = [name for name in files_of(studio) if name.startswith("uploads/")]
    assert all(len(name) == len("uploads/") + 16 + len(".json") for name in names)
    assert not any("evil" in name for name in files_of(studio))


def test_a_panel_named_as_a_path_stays_a_name(studio):
    answer = upload(studio, "p.json", pattern(**{"../../../var/evil": SQUARE, "b/../..": SQUARE}))
    assert answer.status in (200, 422)


def test_an_upload_of_two_gigabytes_is_refused_before_it_is_read(studio):
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", studio.port), timeout=20) as raw:
        raw.sendall(
            f"POST /api/uploads?label=big.json HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\n"
            f"Origin: {studio.origin}\r\nCookie: {studio.cookie}\r\n"
            f"Content-Type: application/octet-stream\r\nContent-Length: {2 << 30}\r\n\r\n".encode()
        )
        assert b" 413 " in raw.recv(4096)
    assert time.monotonic() - begun < 10


def test_an_upload_without_a_length_ends_at_the_limit(studio):
    piece = b"x" * 65_536
    with socket.create_connection(("127.0.0.1", studio.port), timeout=20) as raw:
        raw.sendall(
            f"POST /api/uploads?label=big.json HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\n"
            f"Origin: {studio.origin}\r\nCookie: {studio.cookie}\r\nTransfer-Encoding: chunked\r\n"
            "Content-Type: application/octet-stream\r\n\r\n".encode()
        )
        # It may be closed in the middle, with or without the answer coming through.
        with contextlib.suppress(OSError):
            for _ in range(UPLOAD_LIMIT_B // len(piece) + 40):
                raw.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        with contextlib.suppress(OSError):
            assert b" 413 " in raw.recv(4096)


def bomb():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pattern.json", b"0" * (64 << 20))
    return stream.getvalue()


XXE = b"""<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>"""
LAUGHS = b"<!DOCTYPE l [" + b"".join(
    b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10 if i else b"lol") for i in range(10)
) + b"]><svg>&l9;</svg>"  # fmt: skip
DXF_LONG = b"0\nSECTION\n2\nENTITIES\n" + b"0\nLINE\n8\n1\n10\n0\n20\n0\n11\n1\n21\n1\n" * 90_000
REFUSED = {
    "zip bomb": ("p.json", bomb()),
    "zip bomb under another name": ("p.dxf", bomb()),
    "gzip bomb": ("p.json", gzip.compress(b"0" * (64 << 20))),
    "svg with an external entity": ("p.svg", XXE),
    "svg with laughs": ("p.svg", LAUGHS),
    "svg in UTF-16 with an entity": ("p.svg", XXE.decode().encode("utf-16")),
    "svg with a script": ("p.svg", b"<svg><script>alert(1)</script></svg>"),
    "dxf with a million lines": ("p.dxf", DXF_LONG),
    "json nested deeply": ("p.json", b"[" * 200_000),
    "json with a huge number": ("p.json", b'{"pattern": {"panels": ' + b"9" * 500_000 + b"}}"),
    "json with nan": ("p.json", pattern().replace(b"40", b"NaN")),
    "json with infinity": ("p.json", pattern().replace(b"40", b"1e999")),
    "json of no pattern": ("p.json", b'{"a": 1}'),
    "json with a vertex that is not there": ("p.json", pattern().replace(b"[3, 0]", b"[3, 9]")),
    "pickle": ("p.json", b"\x80\x04\x95cposix\nsystem\n(S'touch evil'\ntR."),
    "html": ("p.html", b"<script>alert(1)</script>"),
    "program": ("p.json", b"\x7fELF" + b"\0" * 100),
    "script": ("p.json", b"#!/bin/sh\ntouch evil\n"),
    "no suffix": ("p", pattern()),
    "empty": ("p.json", b""),
    "blank": ("p.json", b"   \n"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_a_bad_file_is_refused_with_a_sentence(studio, what):
    label, body = REFUSED[what]
    before = files_of(studio)
    answer = upload(studio, label, body)
    assert answer.status == 422, answer.data
    said = json.loads(answer.data)["error"]
    assert said
    assert "Traceback" not in said
    assert str(studio.folder) not in said
    assert files_of(studio) == before


def test_a_good_pattern_still_comes_in(studio):
    answer = upload(studio, "skirt.json", pattern())
    assert answer.status == 200
    taken = json.loads(answer.data)
    assert (taken["kind"], taken["told"]) == ("pattern", "1 panels, 0 seams")


def scan_bytes(kind, *, scale=1000.0):
    """A capsule as tall as a person."""
    import trimesh

    body = trimesh.creation.capsule(height=1.4, radius=0.15, count=[24, 24])
    body.apply_scale(scale)
    return body.export(file_type=kind)


@pytest.mark.parametrize("kind", ["ply", "obj", "glb", "stl"])
def test_a_scan_comes_in_with_its_unit(studio, kind):
    body = scan_bytes(kind)
    answer = upload(studio, f"me.{kind}", body.encode() if isinstance(body, str) else body)
    assert answer.status == 200, answer.data
    taken = json.loads(answer.data)
    assert taken["kind"] == "scan"
    assert "in mm, 0 holes" in taken["told"]


def glb_of(content):
    text = json.dumps(content).encode()
    text += b" " * (-len(text) % 4)
    chunk = struct.pack("<II", len(text), 0x4E4F534A) + text
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunk)) + chunk


BAD_SCANS = {
    "ply that promises a billion points": (
        "s.ply", b"ply\nformat binary_little_endian 1.0\nelement vertex 1000000000\n"
        b"property float x\nproperty float y\nproperty float z\nend_header\n" + b"\0" * 64),
    "stl that promises four billion triangles": ("s.stl", b"\0" * 80 + b"\xff" * 4 + b"\0" * 100),
    "glb with buffers elsewhere": ("s.glb", glb_of({
        "asset": {"version": "2.0"}, "buffers": [{"uri": "file:///etc/passwd", "byteLength": 8}],
        "bufferViews": [{"buffer": 0, "byteLength": 8}], "meshes": [], "scenes": []})),
    "glb of zeros": ("s.glb", b"glTF" + b"\0" * 200),
    "gltf, a list of other files": ("s.gltf", b"{}"),
    "obj with faces that are not there": ("s.obj", b"v 0 0 0\n" + b"f 1 2 999999\n" * 900),
    "obj of one triangle": ("s.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"),
    "obj with points at infinity": ("s.obj", b"v inf 0 0\nv 1 0 0\nv 0 1 0\n" + b"f 1 2 3\n" * 900),
    "zip as ply": ("s.ply", bomb()),
    "a flea": ("s.ply", scan_bytes("ply", scale=1e-6)),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_SCANS)
def test_a_bad_scan_is_refused_with_a_sentence(studio, what):
    before = files_of(studio)
    answer = upload(studio, *BAD_SCANS[what])
    assert answer.status == 422, answer.data
    assert str(studio.folder) not in json.loads(answer.data)["error"]
    assert files_of(studio) == before


def test_files_that_a_scan_names_are_not_looked_for(studio):
    """A pipe would hang whoever opens it."""
    with tempfile.TemporaryDirectory() as folder:
        pipe = Path(folder) / "evil.mtl"
        os.mkfifo(pipe)
        body = f"mtllib {pipe}\nmtllib /etc/passwd\n{scan_bytes('obj')}".encode()
        assert upload(studio, "s.obj", body).status == 200


def test_a_scan_is_no_pattern_and_a_pattern_no_scan(studio):
    scan = json.loads(upload(studio, "s.ply", scan_bytes("ply")).data)["id"]
    skirt = json.loads(upload(studio, "skirt.json", pattern()).data)["id"]
    plain = {"pattern": "tshirt", "fabric": "cotton_jersey", "pose": "a", "sex": "female",
             "size": 0, "measures_cm": {"stature": 166.0}}  # fmt: skip
    for wish in ({"pattern": f"upload:{scan}"}, {"scan": skirt}, {"scan": "../../x"}):
        assert studio.ask("POST", "/api/fits", body=plain | wish).status == 422
    assert studio.ask("POST", "/api/bodies", body={"scan": skirt}).status == 422


@pytest.mark.parametrize("radio", ["os:$(touch evil)", "/dev/tty", "", None, 3])
def test_a_scan_of_the_air_takes_known_radios_alone(studio, radio):
    assert studio.ask("POST", "/api/devices/scan", body={"radio": radio}).status == 422


@pytest.mark.parametrize(
    "wish",
    [{"pattern": "/etc/passwd"}, {"pattern": "upload:../../x"}, {"fabric": "/var/evil.toml"},
     {"pose": "../a"}, {"measures_cm": {"stature": 1e9}}, {"measures_cm": {"__class__": 1}},
     {"edge_m": 1e-9}, {"size": "1; rm"}, {"sex": None}, {"measures_cm": []}],
    ids=str,
)  # fmt: skip
def test_a_fit_takes_what_can_be_chosen_and_nothing_else(studio, wish):
    plain = {"pattern": "tshirt", "fabric": "cotton_jersey", "pose": "a", "sex": "female",
             "size": 0, "measures_cm": {"stature": 166.0}}  # fmt: skip
    assert studio.ask("POST", "/api/fits", body=plain | wish).status == 422


@pytest.mark.parametrize(
    "garment",
    ["replay:/etc/passwd", "session:../../x", "file:///etc/passwd", "uart:/etc/passwd",
     "tcp-client:$(touch evil):1", "sim:; touch evil", "", "udp:a b"],
)  # fmt: skip
def test_a_recording_takes_known_addresses_alone(studio, garment):
    answer = studio.ask("POST", "/api/recordings", body={"garments": [garment]})
    assert answer.status == 422


@pytest.mark.parametrize(
    "content", [{"room": "x" * 300}, {"task": "a\nb = 1"}, {"folder": "/"}, {"size": True},
                {"measures_cm": {"a]\nb": 1}}, {"measures_cm": {"a": float("inf")}}],
    ids=str,
)  # fmt: skip
def test_nothing_can_be_written_into_the_project_file(studio, content):
    body = json.dumps(content).encode()
    headers = {"Content-Type": "application/json"}
    assert studio.ask("POST", "/api/project", body=body, headers=headers).status == 422


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b"[" * 100_000, b'"text"', b"\xff\xfe"])
def test_a_request_that_is_no_object_is_refused(studio, body):
    headers = {"Content-Type": "application/json"}
    assert studio.ask("POST", "/api/project", body=body, headers=headers).status == 422


@pytest.mark.parametrize("said", ["x" * 5000, "[]", '{"ping": "a"}', '{"ping": 1e400}', "null"])
def test_nonsense_on_a_socket_closes_it(studio, said):
    with socket_of(studio) as opened:
        opened.send(said)
        must_close(opened)


def test_a_flood_on_a_socket_closes_it(studio):
    with socket_of(studio) as opened:
        with contextlib.suppress(websockets.exceptions.ConnectionClosed):
            for _ in range(2000):
                opened.send('{"ping": 1}')
        must_close(opened)


def test_bytes_on_a_socket_close_it(studio):
    with socket_of(studio) as opened:
        opened.send(b"\x00" * 100)
        must_close(opened)


def test_two_host_headers_are_refused(studio):
    with socket.create_connection(("127.0.0.1", studio.port), timeout=10) as raw:
        raw.sendall(
            f"GET /api/state HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\nHost: evil\r\n"
            f"Cookie: {studio.cookie}\r\n\r\n".encode()
        )
        assert b" 400 " in raw.recv(4096)


def test_smuggled_lengths_are_refused(studio):
    with socket.create_connection(("127.0.0.1", studio.port), timeout=10) as raw:
        raw.sendall(
            f"POST /api/project HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\n"
            f"Cookie: {studio.cookie}\r\nOrigin: {studio.origin}\r\nContent-Length: 2\r\n"
            "Content-Length: 40\r\nContent-Type: application/json\r\n\r\n{}".encode()
        )
        assert b" 400 " in raw.recv(4096)


def test_a_session_file_is_known_by_its_id_alone(studio):
    (studio.folder / "sessions" / "notes.h5").write_bytes(b"no session")
    rows = studio.json("GET", "/api/sessions")["sessions"]
    assert "path" not in rows[0]
    assert studio.ask("GET", "/api/sessions/notes.h5").status == 422
    assert studio.ask("GET", f"/api/sessions/{rows[0]['id']}").status == 422
    (studio.folder / "sessions" / "notes.h5").unlink()


@pytest.mark.parametrize("motion", ["../x", None, 7, "sit", {"a": 1}], ids=str)
def test_a_fit_that_is_not_there_does_not_move(studio, motion):
    assert studio.ask("POST", "/api/fits/5/move", body={"motion": motion}).status == 422
    assert studio.ask("GET", "/api/fits/5/clip").status == 422
