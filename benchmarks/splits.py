"""Splits of a million sites: time of each splitter, beside verde's blocks.

    python benchmarks/splits.py                    1,000,000 sites
    python benchmarks/splits.py --sites 100000     fewer
    python benchmarks/splits.py --json splits.json

Sites are clumped around centres of a square. 500 species live in disks of it, from few
records to a fifth of the sites, in a sparse table. Splitters run in turn in this
process, their times are medians over the rounds. `verde.BlockKFold` gets the same
sites and number of blocks; it deals blocks into folds of an equal number of sites, as
`spatial_blocks` does without counts.

Times are of the machine it runs on, which should do nothing else meanwhile.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import reporting
from scipy import sparse

from jaxsdm.data import splits

FOLDS, BLOCKS = 5, 40


def main() -> None:
    """Makes the sites, runs the splitters in turn, prints and writes their times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sites", type=int, default=1_000_000)
    parser.add_argument("--species", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="where to write the times")
    options = parser.parse_args()
    reporting.warn_if_busy()
    contenders = make_contenders(options.sites, options.species)
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(options.rounds):
        for name, split in contenders.items():
            start = time.perf_counter()
            split()
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    title = f"{options.sites:,} sites, {FOLDS} folds, {BLOCKS} x {BLOCKS} blocks"
    reporting.show(title, ["splitter", "seconds"], list(medians.items()))
    content = {"options": vars(options), "seconds": medians}
    reporting.write_json(options.json, content)


def make_contenders(sites: int, species: int) -> dict[str, Callable[[], Any]]:
    """What is timed, by name."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(0, 100, (200, 2))
    places = centres[rng.integers(0, 200, sites)] + rng.normal(0, 3, (sites, 2))
    x, y = places.T.copy()
    counts = virtual_counts(x, y, species, rng)
    side = (BLOCKS, BLOCKS)
    fold = splits.spatial_blocks(x, y, folds=FOLDS, blocks=side)
    area = rng.uniform(0, 100, (2, 5000))
    contenders = {
        "spatial_blocks": lambda: splits.spatial_blocks(x, y, folds=FOLDS, blocks=side),
        f"spatial_blocks, {species} species spread": lambda: splits.spatial_blocks(
            x, y, folds=FOLDS, blocks=side, counts=counts
        ),
        "spatial_blocks, degrees": lambda: splits.spatial_blocks(
            x, y / 2, folds=FOLDS, block_size=200_000.0, crs="EPSG:4326"
        ),
        "buffered": lambda: splits.buffered(fold, x, y, 0.5),
        "describe_split": lambda: splits.describe_split(fold, x, y, counts=counts),
        "suggest_block_size": lambda: splits.suggest_block_size(x, y, places),
        "spatial_clusters": lambda: splits.spatial_clusters(x, y, FOLDS),
        "distance_matched_folds": lambda: splits.distance_matched_folds(
            x, y, *area, folds=FOLDS
        ),
    }
    try:
        import verde
    except ModuleNotFoundError:
        return contenders
    peer = verde.BlockKFold(shape=side, n_splits=FOLDS, balance=True)
    return contenders | {"verde.BlockKFold": lambda: list(peer.split(places))}


def virtual_counts(
    x: np.ndarray, y: np.ndarray, species: int, rng: np.random.Generator
) -> sparse.csr_array:
    """`[sites, species]` records, each species within a disk of its own."""
    rows, columns = [], []
    wanted = np.geomspace(5, len(x) / 5, species).astype(int)
    for column, number in enumerate(wanted):
        centre, radius = rng.uniform(0, 100, 2), rng.uniform(10, 60)
        inside = np.hypot(x - centre[0], y - centre[1]) < radius
        found = rng.permutation(np.flatnonzero(inside))[:number]
        rows.append(found)
        columns.append(np.full(len(found), column))
    row, column = np.concatenate(rows), np.concatenate(columns)
    ones = np.ones(len(row), np.float32)
    return sparse.coo_array((ones, (row, column)), shape=(len(x), species)).tocsr()


if __name__ == "__main__":
    main()
