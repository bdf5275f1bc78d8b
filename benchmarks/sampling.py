"""Thinning and background cells: seconds for a million records and a large raster.

    python benchmarks/sampling.py                       1,000,000 records, no raster
    python benchmarks/sampling.py --records 100000 --rounds 1
    python benchmarks/sampling.py --raster 20000        and a raster of 20,000 x 20,000

Thinning keeps no two records nearer than a distance. Records lie evenly or in 300
clusters, on a plane of 1000 x 1000 or on the globe, in random order; or in the order
of x, where each decision waits for the one before (the worst case). Times are medians
over rounds of other seeds. "one by one" is the same choice in a loop over the records
with a tree of all of them, for 20,000 of the evenly spread ones on the plane.

The raster is one band of int16 in degrees, deflate-compressed in blocks of 512, in a
temporary folder; 10,000 cells are drawn.
"""

import argparse
import pathlib
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import reporting
from scipy.spatial import cKDTree

from jaxsdm.data.cells import CellGrid
from jaxsdm.data.rasters import open_stack
from jaxsdm.data.sampling import (
    background_cells,
    buffer_area,
    one_per_cell,
    quadrature_points,
    thin_by_distance,
)

FEW = 20_000
DEGREES = "EPSG:4326"


def main() -> None:
    """Times thinning, and background cells if a raster is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--raster", type=int, default=0, help="rows and columns")
    parser.add_argument("--json", help="where to write the results as JSON")
    options = parser.parse_args()
    reporting.warn_if_busy()
    columns = ("records", "distance", "kept", "seconds")
    thinned = thinning(options.records, options.rounds)
    reporting.show(f"Thinning of {options.records:,} records", columns, thinned)
    results: dict[str, Any] = {"records": options.records, "thinning": thinned}
    if options.raster:
        drawn = cells(options.raster)
        reporting.show(
            f"Cells of {options.raster} x {options.raster}",
            ("what", "cells", "seconds"),
            drawn,
        )
        results |= {"raster": options.raster, "cells": drawn}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\nGreatest resident memory: {peak:.2f} GiB")
    reporting.write_json(options.json, {**results, "peak_gib": peak})


def thinning(number: int, rounds: int) -> list[list[Any]]:
    """A row for each arrangement of records and distance."""
    rng = np.random.default_rng(0)
    even = rng.uniform(0, 1000, (2, number))
    centres = rng.uniform(0, 1000, (2, 300))
    near = centres[:, rng.integers(0, 300, number)] + rng.normal(size=(2, number))
    longitude = rng.uniform(-180, 180, number)
    latitude = np.rad2deg(np.arcsin(rng.uniform(-1, 1, number)))
    towns = near / 1000 * [[360], [140]] - [[180], [70]]
    species = rng.integers(0, 1000, number)
    globe = {"crs": DEGREES}
    cases: list[tuple[str, tuple[np.ndarray, np.ndarray], float, dict[str, Any]]] = [
        *[("evenly, plane", tuple(even), d, {}) for d in (0.5, 1, 3, 20)],
        *[("clusters, plane", tuple(near), d, {}) for d in (0.01, 0.1, 1)],
        *[("evenly, globe", (longitude, latitude), d, globe) for d in (5e3, 2e4, 1e5)],
        *[("clusters, globe", tuple(towns), d, globe) for d in (1e3, 1e4)],
        (
            "clusters, globe, 1000 species",
            tuple(towns),
            1e4,
            {**globe, "groups": species},
        ),
        ("evenly, plane, in the order of x", tuple(even), 1, {"priority": -even[0]}),
        (
            "evenly, globe, in the order of x",
            (longitude, latitude),
            2e4,
            {**globe, "priority": -longitude},
        ),
    ]
    rows = []
    for name, (x, y), distance, options in cases:
        kept, seconds = 0, []
        for seed in range(rounds):
            rows_kept, took = timed(
                thin_by_distance, x, y, distance, seed=seed, **options
            )
            kept = len(rows_kept)
            seconds.append(took)
        rows.append([name, float(distance), kept, statistics.median(seconds)])
    kept_rows, took = timed(one_per_cell, *even, CellGrid(0, 1000, 1), species=species)
    rows.append(["one per cell and species, plane", 1.0, len(kept_rows), took])
    few = even[:, :FEW]
    kept_rows, took = timed(one_by_one, *few, 5.0)
    rows.append([f"one by one, {FEW:,} on the plane", 5.0, len(kept_rows), took])
    want = sorted(kept_rows)
    kept_rows, took = timed(thin_by_distance, *few, 5.0)
    if kept_rows.tolist() != want:
        raise AssertionError("thin_by_distance differs from its definition")
    rows.append([f"the same, {FEW:,} on the plane", 5.0, len(kept_rows), took])
    return rows


def one_by_one(x: np.ndarray, y: np.ndarray, distance: float) -> list[int]:
    """The definition as a loop: a random order, and a tree of all records."""
    points = np.stack([x, y], axis=1)
    tree = cKDTree(points)
    gone, kept = np.zeros(len(x), bool), []
    for i in np.argsort(np.random.default_rng(0).permutation(len(x))):
        if not gone[i]:
            kept.append(i)
            gone[tree.query_ball_point(points[i], distance)] = True
    return kept


def cells(size: int) -> list[list[Any]]:
    """A row for each way of drawing cells from a raster that was written for it."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "raster.tif"
        write_raster(path, size)
        rng = np.random.default_rng(0)
        x, y = rng.uniform(0, 20, (2, 1000))
        area = buffer_area(x, y + 40, 50_000, DEGREES)
        with open_stack(str(path)) as stack:
            return [
                [name, len(found), took]
                for name, (found, took) in {
                    "background": timed(background_cells, stack, 10_000),
                    "background in an area": timed(
                        background_cells, stack, 10_000, area=area
                    ),
                    "background by density": timed(
                        background_cells, stack, 10_000, density=stack
                    ),
                    "quadrature": timed(lambda: quadrature_points(stack, 10_000).cells),
                }.items()
            ]


def write_raster(path: pathlib.Path, size: int) -> None:
    """Half a globe in degrees, a third of it without data."""
    import rasterio

    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=1,
        height=size,
        width=size,
        dtype="int16",
        crs=DEGREES,
        transform=rasterio.Affine(180 / size, 0, -90, 0, -140 / size, 80),
        nodata=-1,
        compress="deflate",
        tiled=True,
        blockxsize=512,
        blockysize=512,
    ) as raster:
        column = np.arange(size)
        for top in range(0, size, 512):
            row = np.arange(top, min(top + 512, size))[:, None]
            values = (row // 64 + column // 64) % 900
            values[(row // 700 + column // 500) % 3 == 0] = -1
            window = ((top, top + len(row)), (0, size))
            raster.write(values.astype(np.int16), 1, window=window)


def timed(
    function: Callable[..., Any], *given: Any, **options: Any
) -> tuple[Any, float]:
    """What a function gives, and the seconds that it takes."""
    start = time.perf_counter()
    result = function(*given, **options)
    return result, time.perf_counter() - start


if __name__ == "__main__":
    main()
