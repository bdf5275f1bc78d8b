"""Reading, cleaning and gridding a large table of GBIF, beside `pandas.read_csv`.

    python benchmarks/occurrences.py                       5,000,000 rows, 50 columns
    python benchmarks/occurrences.py --rows 200000
    python benchmarks/occurrences.py --folder /big/disk --output numbers.json

A table like a download of GBIF is written to a temporary folder. Then each contender
reads it in a fresh process, in alternating rounds; the pages of the file are in memory
for all of them if there is room. Times are without starting Python and importing;
memory is the most that the process ever held, all included.

* jaxsdm: `read_occurrences`, `clean` with the default filters, and `count_in_cells` on
  a grid of 30 arc seconds over the globe.
* pandas: `read_csv` of all columns, as the file has them (tabs, no quoting), no more.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import gbif_table
import reporting


def main() -> None:
    """Writes the table, runs the contenders in turn, prints seconds and memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=2, help="alternating rounds")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--folder", help="where to write the table; 3.4 GB")
    parser.add_argument("--output", help="JSON file of all numbers")
    parser.add_argument("--contender", help=argparse.SUPPRESS)  # see _run
    parser.add_argument("--file", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    if options.contender:
        told = _CONTENDERS[options.contender](options.file)
        print(json.dumps({**told, "peak_gb": _peak_gb()}))
        return
    reporting.warn_if_busy()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = pathlib.Path(folder) / "occurrences.csv"
        started = time.perf_counter()
        gbif_table.write_gbif_table(path, options.rows)
        print(
            f"{options.rows:,} rows, {len(gbif_table.COLUMNS)} columns, "
            f"{path.stat().st_size / 1e9:.2f} GB, written in "
            f"{time.perf_counter() - started:.0f} s"
        )
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in _CONTENDERS}
        for _ in range(options.rounds):
            for name, done in runs.items():
                done.append(_run(name, path, options.cores))
    _report(runs, options)


def _jaxsdm(path: str) -> dict[str, float]:
    from jaxsdm.data.occurrences import clean, count_in_cells, read_occurrences
    from jaxsdm.data.rasters import RasterGrid

    cell = 1 / 120
    grid = RasterGrid(
        "EPSG:4326", (cell, 0, -180, 0, -cell, 90), height=21_600, width=43_200
    )
    times = [time.perf_counter()]
    occurrences = read_occurrences(path)
    times.append(time.perf_counter())
    rows = len(occurrences)
    occurrences = clean(occurrences)
    times.append(time.perf_counter())
    counts = count_in_cells(occurrences, grid)
    times.append(time.perf_counter())
    return {
        "rows": rows,
        "rows_left": len(occurrences),
        "pairs": len(counts.cell),
        "read_seconds": times[1] - times[0],
        "clean_seconds": times[2] - times[1],
        "grid_seconds": times[3] - times[2],
        "seconds": times[3] - times[0],
    }


def _pandas(path: str) -> dict[str, float]:
    import pandas as pd

    started = time.perf_counter()
    frame = pd.read_csv(path, sep="\t", quoting=3, low_memory=False)
    return {"rows": len(frame), "seconds": time.perf_counter() - started}


_CONTENDERS = {"jaxsdm": _jaxsdm, "pandas": _pandas}


def _run(name: str, path: pathlib.Path, cores: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--contender", name, "--file", str(path)]
    ran = subprocess.run(
        [*command, "--cores", str(cores)], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(ran.stdout.splitlines()[-1])


def _peak_gb() -> float:
    """The most memory that this process held; Linux tells."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    (peak,) = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(peak) * 1024 / 1e9


def _report(
    runs: dict[str, list[dict[str, float]]], options: argparse.Namespace
) -> None:
    medians = {
        name: {key: statistics.median(one[key] for one in done) for key in done[0]}
        for name, done in runs.items()
    }
    base = medians["pandas"]["seconds"]
    rows = [
        [name, told["seconds"], told["seconds"] / base, told["peak_gb"]]
        for name, told in medians.items()
    ]
    reporting.show(
        f"{options.rows:,} rows, {options.cores} cores, medians of {options.rounds}",
        ["", "seconds", "x pandas.read_csv", "peak GB"],
        rows,
    )
    parts = medians["jaxsdm"]
    print(
        f"\njaxsdm: read {parts['read_seconds']:.1f} s, clean "
        f"{parts['clean_seconds']:.1f} s, grid {parts['grid_seconds']:.1f} s; "
        f"{parts['rows_left']:,.0f} rows left, {parts['pairs']:,.0f} pairs of cell and "
        "species"
    )
    reporting.write_json(options.output, {"runs": runs, "medians": medians})


if __name__ == "__main__":
    main()
