"""Tests for jaxsdm.data.thinning."""

import numpy as np
import pandas as pd

from jaxsdm.data import CellGrid, one_per_cell

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0, 50, 400), RNG.uniform(0, 50, 400)
SPECIES = RNG.choice(["a", "b", "c"], 400)
FRAME = pd.DataFrame({"row": (50 - Y) // 7, "column": X // 7, "species": SPECIES})
CELLS = CellGrid(west=0.0, north=50.0, size=7.0)


def test_same_as_drop_duplicates():
    want = FRAME.drop_duplicates(["row", "column"]).index
    got = one_per_cell(X, Y, CELLS)
    np.testing.assert_array_equal(got, want)
    assert len(got) == len(want) > 50


def test_each_species_keeps_its_own():
    want = FRAME.drop_duplicates().index
    np.testing.assert_array_equal(one_per_cell(X, Y, CELLS, species=SPECIES), want)
