"""Species sets as files: one row a site, one row a species, GeoLifeCLEF, NetCDF."""

import os
import pathlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from jaxsdm.data.files import written_aside
from jaxsdm.evaluation.decisions.deciding import Sets

FORMATS = ("sites", "long", "geolifeclef")
SUFFIXES = (".parquet", ".csv", ".nc")


def check_output(path: str | os.PathLike[str], layout: str, parts: int = 1) -> None:
    """Refuses a file that cannot be written, before there is work to lose.

    Args:
      path: the file.
      layout: of `FORMATS`.
      parts: how many parts there are.

    Raises:
      ValueError: another suffix or layout, a folder, or parts that do not fit into it.
    """
    if pathlib.Path(path).is_dir():
        raise ValueError(
            f"{path}: is a folder; want a file .parquet, .csv or .nc (a folder is for "
            "--compare)."
        )
    suffix = pathlib.Path(path).suffix
    if suffix not in SUFFIXES:
        raise ValueError(f"{path}: want a file .parquet, .csv or .nc, got {suffix!r}.")
    if layout not in FORMATS:
        raise ValueError(f"format {layout!r}: want one of {', '.join(FORMATS)}.")
    if layout == "geolifeclef" and suffix != ".csv":
        raise ValueError(f"{path}: GeoLifeCLEF takes a .csv file, got {suffix}.")
    if parts > 1 and (suffix == ".nc" or layout == "geolifeclef"):
        raise ValueError(
            f"{path}: want one survey for this format, got {parts}: choose one with "
            "--part."
        )


def write_sets(
    path: str | os.PathLike[str], sets: Sequence[Sets], layout: str = "sites"
) -> None:
    """Writes the sets; the file appears whole and takes the place of an older one.

    * "sites": one row a site: its id, `size`, `expected_score` and `species`, a list in
      Parquet and names between semicolons in CSV, the most probable first.
    * "long": one row a site and species of its set, with `probability`; a site with an
      empty set has no row.
    * "geolifeclef": `surveyId,predictions`, ids of species between blanks, the most
      probable first.
    * `.nc`: `in_set[site, species]`, `probability`, `size` and `expected_score`.

    Several parts have columns region, group and survey in front.

    Args:
      path: `.parquet`, `.csv` or `.nc`.
      sets: of one or more parts.
      layout: of `FORMATS`; `.nc` has one.

    Raises:
      ValueError: see `check_output`, or an id that the format cannot hold.
    """
    check_output(path, layout, len(sets))
    suffix = pathlib.Path(path).suffix
    if suffix == ".nc":
        dataset = _dataset(sets[0])
        with written_aside(path) as aside:
            dataset.to_netcdf(aside)
        return
    if layout == "geolifeclef":
        table = _geolifeclef(sets[0])
    elif layout == "long":
        table = pd.concat([_long(one) for one in sets], ignore_index=True)
    else:
        table = pd.concat([_sites(one) for one in sets], ignore_index=True)
        if suffix == ".csv":
            _refuse(";", sets)
            table["species"] = table["species"].map(";".join)
    with written_aside(path) as aside:
        if suffix == ".csv":
            table.to_csv(aside, index=False)
        else:
            table.to_parquet(aside, index=False, compression="zstd")


def _members(sets: Sets) -> list[np.ndarray]:
    """Numbers of the species of each set, the most probable first."""
    order = np.argsort(-np.where(sets.mask, sets.probabilities, -1), 1, kind="stable")
    return [row[:size] for row, size in zip(order, sets.size, strict=True)]


def _sites(sets: Sets) -> pd.DataFrame:
    names = np.asarray(sets.table.species, object)
    return pd.DataFrame(
        {
            **sets.table.part,
            "site": sets.table.places[sets.places],
            "size": sets.size,
            "expected_score": sets.expected_score,
            "species": [list(names[members]) for members in _members(sets)],
        }
    )


def _long(sets: Sets) -> pd.DataFrame:
    names = np.asarray(sets.table.species, object)
    members = _members(sets)
    row = np.repeat(np.arange(len(members)), sets.size)
    species = np.concatenate([*members, np.zeros(0, np.int64)]).astype(np.int64)
    return pd.DataFrame(
        {
            **sets.table.part,
            "site": sets.table.places[sets.places][row],
            "species": names[species],
            "probability": sets.probabilities[row, species],
            "size": sets.size[row],
            "expected_score": sets.expected_score[row],
        }
    )


def _geolifeclef(sets: Sets) -> pd.DataFrame:
    _refuse(" ", [sets])
    table = _sites(sets)
    return pd.DataFrame(
        {"surveyId": table["site"], "predictions": table["species"].map(" ".join)}
    )


def _refuse(separator: str, sets: Sequence[Sets]) -> None:
    for one in sets:
        for name in one.table.species:
            if separator in name:
                raise ValueError(
                    f"species {name!r} of {one.table.file}: ids are separated by "
                    f"{separator!r} in this format and must not hold one. Use species "
                    "numbers, or --format=long."
                )


def _dataset(sets: Sets):
    import xarray as xr

    both = ("site", "species")
    return xr.Dataset(
        {
            "in_set": (both, sets.mask.astype(np.int8)),
            "probability": (both, sets.probabilities),
            "size": ("site", sets.size),
            "expected_score": ("site", sets.expected_score),
        },
        {
            "site": sets.table.places[sets.places].astype(str),
            "species": np.asarray(sets.table.species, str),
        },
    )
