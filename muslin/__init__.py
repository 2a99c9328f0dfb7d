"""The front door: the command line, and everything that needs both halves.

Each command is a function here: `muslin drape` is `muslin.drape.drape`, `muslin fabric show` is
`muslin.fabric.show`; `cli` only reads options and calls it. The rooms: `recording`, `analysis` and
`report` of sessions, `twin` (sensors on a garment), `techpack`, `batch` (many fits), `studio` (the
screen).
"""
