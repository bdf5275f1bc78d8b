"""What a split does to sites and species: to be read before a model is fitted.

A reviewer asks how large the folds are, which species a fold cannot be trained or
tested on, how far the test is from the training, and whether its conditions are new.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64
from scipy import sparse

from jaxsdm.data.similarity import mess
from jaxsdm.data.splits.checks import check_places
from jaxsdm.data.splits.describe_markdown import markdown
from jaxsdm.data.splits.nearest import distance_to_training
from jaxsdm.data.splits.presences import Counts, presences
from jaxsdm.data.splits.split import Split, as_split
from jaxsdm.data.surface import Surface


@dataclasses.dataclass(frozen=True, eq=False)
class SplitDescription:
    """Sizes, species, distances and conditions of the folds of a split.

    Attributes:
      folds: a row a fold: `test_sites`, `training_sites`, `left_out` (sites that do
        neither), `nearest_min` and `nearest_median` (distance from test sites to the
        nearest training site, in `unit`; NaN without a test site, infinite without a
        training site). With counts also `test_records`,
        `training_records`, `species_tested` (with a presence among the test sites),
        `species_lost` (of those, without one in training) and `species_untested` (with
        presences somewhere, none among the test sites). With predictors also
        `dissimilar`: the share of test sites outside the range of the training in some
        predictor (MESS below 0).
      species: with counts a row a species: `records` and `sites` (with a presence) in
        all, `folds_tested` (folds with a presence in the test), `folds_lost` (of
        those, without one in training) and `fewest_training` (sites with a presence in
        training, in the fold that has fewest).
      never_tested: sites that no fold tests.
      unit: of distances.
    """

    folds: pd.DataFrame
    species: pd.DataFrame | None
    never_tested: int
    unit: str

    def to_markdown(self) -> str:
        """The description as text and tables for a report."""
        return markdown(self.folds, self.species, self.never_tested, self.unit)


def describe_split(
    split: Split | Int64[np.ndarray, " sites"],
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    *,
    counts: Counts | None = None,
    species: Sequence[str] = (),
    predictors: pd.DataFrame | None = None,
    categorical: Sequence[str] = (),
    crs: str = "",
) -> SplitDescription:
    """Sizes, species lost, distances and new conditions of each fold.

    Folds without presences, species without records and folds without training sites
    are described, not refused.

    Args:
      split: a split or fold numbers.
      x: `[sites]` in units of the CRS.
      y: `[sites]`
      counts: `[sites, species]`; a presence is a count above 0.
      species: names of the columns of counts; without them `"0"`, `"1"`, ...
      predictors: a row a site.
      categorical: columns of predictors whose values are levels.
      crs: coordinate reference system of x and y; `""` is a plane without a name.

    Raises:
      ValueError: if lengths differ, names do not match the counts, or a coordinate is
        not finite.
    """
    split = as_split(split)
    check_places("describe_split", x, y, fold=split.fold)
    if predictors is not None and len(predictors) != len(x):
        raise ValueError(
            f"describe_split: predictors of {len(x)} sites, got {len(predictors)} rows."
        )
    if len(species) and (counts is None or counts.shape[1] != len(species)):
        shape = "none" if counts is None else f"those of shape {counts.shape}"
        raise ValueError(
            f"describe_split: {len(species)} names of species need as many columns of "
            f"counts, got {shape}."
        )
    folds = _sizes(split, distance_to_training(split, x, y, crs=crs))
    of_species = None
    if counts is not None:
        table = presences("describe_split", counts, len(x))
        names = pd.Index(species or list(map(str, range(table.shape[1]))))
        of_folds, of_species = _of_species(split, table, names)
        folds = folds.join(of_folds)
    if predictors is not None:
        folds["dissimilar"] = _dissimilar(split, predictors, categorical)
    never = int(np.count_nonzero(split.fold < 0))
    return SplitDescription(folds, of_species, never, Surface(crs).unit)


def _sizes(split: Split, distance: np.ndarray) -> pd.DataFrame:
    rows = []
    for test, left_out in zip(split.test_rows(), split.left_out, strict=True):
        near = distance[test] if len(test) else np.array([np.nan])
        trains = len(split.fold) - len(test) - len(left_out)
        rows.append((len(test), trains, len(left_out), near.min(), np.median(near)))
    columns = ["test_sites", "training_sites", "left_out"]
    return pd.DataFrame(
        rows, columns=[*columns, "nearest_min", "nearest_median"]
    ).rename_axis("fold")


def _of_species(
    split: Split, counts: sparse.csr_array, names: pd.Index
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Columns for the table of folds, and the table of species."""
    where = (counts > 0).astype(np.int64)
    test, left_out = _rows_of(split, split.test_rows()), _rows_of(split, split.left_out)
    sites, records = where.sum(axis=0), counts.sum(axis=0)
    tested = (test @ where).toarray()
    trained = sites - tested - (left_out @ where).toarray()
    test_records = (test @ counts).sum(axis=1)
    left_records = (left_out @ counts).sum(axis=1)
    lost = (tested > 0) & (trained == 0)
    of_folds = pd.DataFrame(
        {
            "test_records": test_records,
            "training_records": records.sum() - test_records - left_records,
            "species_tested": (tested > 0).sum(axis=1),
            "species_lost": lost.sum(axis=1),
            "species_untested": ((tested == 0) & (sites > 0)).sum(axis=1),
        }
    )
    of_species = pd.DataFrame(
        {
            "records": records,
            "sites": sites,
            "folds_tested": (tested > 0).sum(axis=0),
            "folds_lost": lost.sum(axis=0),
            "fewest_training": trained.min(axis=0, initial=len(split.fold)),
        },
        index=names,
    )
    return of_folds, of_species.rename_axis("species")


def _rows_of(split: Split, rows: Sequence[np.ndarray]) -> sparse.csr_array:
    """`[folds, sites]` 1 where a site is among the rows of a fold."""
    starts = np.concatenate([[0], np.cumsum([len(one) for one in rows])])
    columns = np.concatenate([np.empty(0, np.int64), *rows])
    ones = np.ones(len(columns), np.int64)
    shape = len(rows), len(split.fold)
    return sparse.csr_array((ones, columns, starts), shape=shape)


def _dissimilar(
    split: Split, predictors: pd.DataFrame, categorical: Sequence[str]
) -> list[float]:
    shares = []
    for training, test in split:
        if not len(training) or not len(test):
            shares.append(np.nan)
            continue
        similarity = mess(
            predictors.iloc[training], predictors.iloc[test], categorical=categorical
        ).similarity
        # Sites with a missing predictor are neither like nor unlike the training.
        known = similarity[np.isfinite(similarity)]
        shares.append(float(np.mean(known < 0)) if len(known) else np.nan)
    return shares
