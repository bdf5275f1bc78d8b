"""Predictions, labels and the division into calibration and test, joined by site."""

import dataclasses

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from jaxsdm.decisions import check_disjoint
from jaxsdm.evaluation.decisions.place_table import PlaceTable
from jaxsdm.evaluation.decisions.reading import COORDINATES
from jaxsdm.evaluation.decisions.splitting import share_of_blocks, square_blocks


@dataclasses.dataclass(frozen=True)
class Arranged:
    """One part, ready for rules.

    Attributes:
      table: the predictions, without a NaN.
      labels: `[places, species]` 1, 0, or NaN (not looked for, not labelled).
      calibration: numbers of the places that rules and calibrations are fitted on.
      test: numbers of the labelled places that are left.
      blocks: `[places]` spatial block of each place, or None.
    """

    table: PlaceTable
    labels: Float[np.ndarray, "places species"]
    calibration: Int[np.ndarray, " calibration"]
    test: Int[np.ndarray, " test"]
    blocks: np.ndarray | None

    @property
    def open(self) -> Int[np.ndarray, " open"]:
        """Numbers of the places that nothing is fitted on."""
        return np.setdiff1d(np.arange(len(self.table.places)), self.calibration)


def arrange(
    table: PlaceTable,
    labels: PlaceTable | None = None,
    calibration: PlaceTable | float | None = None,
    *,
    sites: pd.DataFrame | None = None,
    block: str = "",
    block_size: float = 0.0,
    missing: str = "error",
    unlisted: str = "unknown",
    seed: int = 0,
) -> Arranged:
    """Joins what belongs to the places of `table`.

    Args:
      table: predictions.
      labels: presences of places of the table.
      calibration: presences of other places of the table, or the share of the labelled
        places to calibrate on: whole blocks where there are blocks.
      sites: more about places: rows by id in the index, with coordinates or `block`.
      block: column of the spatial block.
      block_size: side of square blocks, in units of the coordinates.
      missing: "zero" takes a prediction that the file does not have as 0, "error"
        refuses it.
      unlisted: what a species is at a labelled place that has no label of it:
        "unknown" or "absent".
      seed: of the order in which blocks are drawn.

    Raises:
      ValueError: a prediction is missing, a labelled place or species has no
        prediction, a place is in both sets, the calibration set is empty, or blocks
        cannot be made; says which and where.
    """
    if not table.values.size:
        raise ValueError(f"{table.file}: want sites and species, got none.")
    table = _complete(table, missing)
    places = pd.Index(table.places)
    truth = np.full(table.values.shape, np.nan)
    labelled = _add(truth, table, places, labels, unlisted)
    blocks = _blocks(table, sites, block, block_size)
    if isinstance(calibration, PlaceTable):
        if labels is not None:
            check_disjoint(calibration.places.astype(str), labels.places.astype(str))
        own = _add(truth, table, places, calibration, unlisted)
        if not len(own):
            raise ValueError(
                f"{calibration.file}: want calibration sites with labels, got none."
            )
    elif calibration is not None:
        of_place = np.arange(len(places)) if blocks is None else blocks
        if not len(labelled):
            raise ValueError(
                f"{table.file}: a share of the labelled sites is for calibration, but "
                f"no site{_of(table)} has a label. Give --labels."
            )
        chosen = share_of_blocks(of_place[labelled], calibration, seed)
        own, labelled = labelled[chosen], labelled[~chosen]
    else:
        own = np.zeros(0, np.int64)
    return Arranged(table, truth, own, labelled, blocks)


def _complete(table: PlaceTable, missing: str) -> PlaceTable:
    empty = np.isnan(table.values)
    if not empty.any():
        return table
    if missing == "zero" and table.kind == "probability":
        return dataclasses.replace(table, values=np.where(empty, 0, table.values))
    place, species = np.argwhere(empty)[0]
    in_file = table.rows is None or table.rows[place, species] >= 0
    where = (
        table.where(place, species)
        if in_file
        else f"{table.file}: site {table.places[place]}, species "
        f"{table.species[species]}"
    )
    raise ValueError(
        f"{where}: no {table.kind}; {empty.sum()} are missing. Every site needs one of "
        "every species; --missing=zero takes those of lists of probable species as 0."
    )


def _add(truth, table, places, labels: PlaceTable | None, unlisted: str) -> np.ndarray:
    """Writes labels into `[places, species]`; gives the numbers of their places."""
    if labels is None:
        return np.zeros(0, np.int64)
    rows = places.get_indexer(pd.Index(labels.places))
    columns = pd.Index(table.species).get_indexer(pd.Index(labels.species))
    for what, found, names in (
        ("site", rows, labels.places),
        ("species", columns, labels.species),
    ):
        if (found < 0).any():
            first = names[int(np.argmax(found < 0))]
            raise ValueError(
                f"{labels.file}: {what} {first} has no prediction in {table.file}"
                f"{_of(table)}; {(found < 0).sum()} of {len(found)} have none. Add "
                "them to the predictions, or take them out of the labels."
            )
    some = ~np.isnan(labels.values).all(axis=1)
    values = labels.values
    if unlisted == "absent":
        truth[rows] = 0
        values, some = np.nan_to_num(values), np.ones(len(rows), bool)
    truth[np.ix_(rows, columns)] = values
    return rows[some]


def _blocks(table: PlaceTable, sites, block: str, size: float) -> np.ndarray | None:
    about = table.about
    if sites is not None:
        found = sites.index.get_indexer(pd.Index(table.places))
        if (found < 0).any():
            raise ValueError(
                f"--sites: no row for site {table.places[int(np.argmax(found < 0))]}"
                f"{_of(table)} of {table.file}; {(found < 0).sum()} have none."
            )
        about = sites.iloc[found]
    if block:
        if block not in about.columns or about[block].isna().any():
            raise ValueError(
                f"{table.file}: want a block in column {block} for each site"
                f"{_of(table)}; the columns are {', '.join(map(str, about.columns))}."
            )
        return np.unique(about[block].astype(str), return_inverse=True)[1]
    if not size:
        return None
    for x, y in COORDINATES:
        if {x, y} <= set(about.columns):
            return square_blocks(
                about[x].to_numpy(float), about[y].to_numpy(float), size
            )
    raise ValueError(
        f"{table.file}: blocks of a size need coordinates (longitude and latitude, lon "
        f"and lat, or x and y); the columns are {', '.join(map(str, about.columns))}. "
        "Give them with --sites."
    )


def _of(table: PlaceTable) -> str:
    return f" of {table.name}" if table.name else ""
