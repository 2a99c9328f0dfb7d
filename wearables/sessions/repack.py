"""Write a closed session again, compressed: gzip level 1 behind a byte shuffle.

Object headers are those of HDF5 1.10, which take far less room for a session of many streams.
"""

from pathlib import Path
from typing import Any

import h5py


def repack(path: Path) -> None:
    """Write a closed file again, compressed, and put it in place of the old one in one step."""
    packed = path.with_name(path.name + ".packing")
    with h5py.File(path, "r") as old, h5py.File(packed, "w", libver=("v110", "v110")) as new:
        for name, value in old.attrs.items():
            new.attrs[name] = value
        for name, item in old.items():
            _copy_packed(item, new, str(name))
    packed.replace(path)


def _copy_packed(item: Any, target: Any, name: str) -> None:
    """Copy a group or dataset; large integer datasets are compressed."""
    if isinstance(item, h5py.Group):
        group = target.create_group(name)
        for key, value in item.attrs.items():
            group.attrs[key] = value
        for key, member in item.items():
            _copy_packed(member, group, str(key))
        return
    if item.chunks is None or item.dtype.hasobject or item.size == 0:
        item.parent.copy(item, target, name=name)
        return
    rows = min(item.chunks[0], max(1, item.shape[0]))
    copy = target.create_dataset(
        name,
        shape=item.shape,
        maxshape=item.maxshape,
        dtype=item.dtype,
        chunks=(rows, *item.chunks[1:]),
        fillvalue=item.fillvalue,
        compression="gzip",
        compression_opts=1,
        shuffle=True,
    )
    copy[...] = item[...]
    for key, value in item.attrs.items():
        copy.attrs[key] = value
