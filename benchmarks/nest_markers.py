"""Markers: utilisation of `muslin nest` beside the defaults of spyrrow, at equal time.

    python benchmarks/nest_markers.py [--data DIR] [--seconds 20] [--gap 0] [--seeds 1]
        [--first-seed 0] [--json]

Both get the same cut lines, fabric width, turns and wall time, and all cores. The peer is
`spyrrow.StripPackingConfig` as it comes: one search on all cores, which ends early when it gets no
shorter; a gap is its `min_items_separation`. Our layouts are looked at again with exact shapes.
Sets are three blocks in size mixes, or every pattern file of --data (one garment each).
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import spyrrow

from fitting.body import body_from_measurements, default_measurements
from fitting.errors import FittingError
from fitting.nesting import NestSettings, check_marker, cut_pieces, nest_pieces
from fitting.pattern import complete_measures, read_pattern
from muslin.size_run import patterns_in_sizes, size_mix

BLOCKS = {"tshirt": "S:1,M:2,L:1", "trousers": "S:1,M:2,L:1", "leggings": "M:2,L:2"}
WIDTH_M = 1.5


def block_sets():
    taped, sex = default_measurements()
    measures = complete_measures(taped, body_from_measurements(taped, sex=sex).achieved)
    for block, words in BLOCKS.items():
        mix = size_mix(words)
        sizes = [each.size for each in mix]
        patterns = patterns_in_sizes(block, sizes, measures=measures, sex=sex)
        garments = [(p, each.count) for p, each in zip(patterns, mix, strict=True)]
        yield f"{block} {words}", cut_pieces(garments)


def file_sets(folder):
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in (".json", ".dxf", ".svg"):
            continue
        try:
            pieces = cut_pieces([(replace(read_pattern(path), size=path.stem), 1)])
            if max(min(np.ptp(np.asarray(p.cut.exterior.coords)[:, 1]) for p in pieces), 0) > 0:
                yield path.stem, pieces
        except FittingError as error:
            print(f"left out: {path.name}: {error}")


def peer(pieces, *, seconds, seed, gap_m):
    """Utilisation by the defaults, and the seconds that they took."""
    items = []
    for i, piece in enumerate(pieces):
        outline = np.asarray(piece.cut.exterior.coords)[:-1] * 1000
        shape = [(float(x), float(y)) for x, y in outline]
        items.append(spyrrow.Item(str(i), shape, piece.count, [0.0, 180.0]))
    config = spyrrow.StripPackingConfig(
        total_computation_time=seconds, seed=seed, min_items_separation=gap_m * 1000 or None
    )
    start = time.monotonic()
    solution = spyrrow.StripPackingInstance("peer", WIDTH_M * 1000, items).solve(config)
    taken_s = time.monotonic() - start
    area_m2 = sum(piece.cut.area * piece.count for piece in pieces)
    return area_m2 / (WIDTH_M * solution.width / 1000), taken_s


def ours(pieces, *, seconds, seed, gap_m):
    settings = NestSettings(width_m=WIDTH_M, gap_m=gap_m, seconds=seconds, seed=seed)
    start = time.monotonic()
    marker = nest_pieces(pieces, settings)
    return marker, time.monotonic() - start


def compare(name, pieces, options, seed):
    marker, taken_s = ours(
        pieces, seconds=options.seconds, seed=1000 * seed, gap_m=options.gap / 1000
    )
    theirs, their_s = peer(pieces, seconds=options.seconds, seed=seed, gap_m=options.gap / 1000)
    return {
        "set": name,
        "n_pieces": len(marker.pieces),
        "seed": seed,
        "utilisation": marker.utilisation,
        "utilisation_defaults": theirs,
        "ratio": marker.utilisation / theirs,
        "seconds": taken_s,
        "seconds_defaults": their_s,
        "n_starts": marker.n_starts,
        "n_faults": len(check_marker(marker)),
        "said": marker.sentence(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of pattern files, any names")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--gap", type=float, default=0.0, help="mm between pieces")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0, help="to run seeds in parts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sets = list(file_sets(options.data) if options.data else block_sets())
    rows = [
        compare(name, pieces, options, seed)
        for seed in range(options.first_seed, options.first_seed + options.seeds)
        for name, pieces in sets
    ]
    ratios = [row["ratio"] for row in rows]
    result = {"rows": rows, "ratio_mean": float(np.mean(ratios)), "ratio_min": min(ratios)}
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for row in rows:
        print(f"{row['set']}: {row['utilisation']:.4f} beside {row['utilisation_defaults']:.4f}, "
              f"ratio {row['ratio']:.4f}; {row['said']}")  # fmt: skip
    print(f"mean ratio {result['ratio_mean']:.4f}, worst {result['ratio_min']:.4f}")


if __name__ == "__main__":
    main()
