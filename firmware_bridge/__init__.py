"""The garment link: what a garment sends, byte by byte, and how a host reads it back.

The way of a sample: `schema` names its stream and unit, `encoder` packs it into the body of a frame
(`codec`, `packet`), a `link` carries that, `reassembly` turns frames in any order into samples and
losses (`events`), `timesync` puts them on the host's clock, `backfill` asks the garment's log for
the rest. `control` carries commands, `dfu` new firmware. The folder ``c`` is the same encoder in
C99, `sim` a garment without hardware. ``docs/link.md`` specifies every byte.
"""
