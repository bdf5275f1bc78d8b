"""Tests for jaxsdm.data.sites."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data import SiteTable


def table(sites=4, species=("a", "b", "c"), **changes):
    parts = {
        "x": np.arange(sites, dtype=float),
        "y": 10.0 + np.arange(sites),
        "predictors": pd.DataFrame({"rain": np.arange(sites) * 100.0}),
        "counts": np.arange(sites * len(species), dtype=np.float32).reshape(sites, -1),
        "species": species,
        "crs": "EPSG:3035",
    }
    return SiteTable(**(parts | changes))


@pytest.mark.parametrize(
    "index", [np.array([2, 0]), np.array([True, False, False, True])]
)
def test_take_is_numpy_indexing_of_every_part(index):
    whole = table()
    part = whole.take(index)
    assert len(part) == 2
    np.testing.assert_array_equal(part.x, whole.x[index])
    np.testing.assert_array_equal(part.y, whole.y[index])
    np.testing.assert_array_equal(part.counts, whole.counts[index])
    np.testing.assert_array_equal(part.predictors.rain, 100 * whole.x[index])
    assert list(part.predictors.index) == [0, 1]
    assert (part.species, part.crs) == (whole.species, whole.crs)


def test_select_species_in_the_order_asked():
    part = table().select_species(name for name in ("c", "a"))
    assert part.species == ("c", "a")
    np.testing.assert_array_equal(part.counts, table().counts[:, [2, 0]])


def test_unknown_species_lists_the_known():
    with pytest.raises(ValueError, match=r"no species d; the table has a, b, c"):
        table().select_species(["a", "d"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"y": np.zeros(3)}, r"y not of 4 sites.*y \(3,\)"),
        ({"x": np.zeros((4, 1))}, "x not of 4 sites"),
        ({"predictors": pd.DataFrame({"rain": [1.0]})}, "predictors not of 4"),
        ({"counts": np.zeros((4, 2), np.float32)}, "counts not of 4 sites and 3 sp"),
        ({"species": ("a", "b", "a")}, "named twice: a"),
    ],
)
@pytest.mark.usefixtures("as_a_user")
def test_parts_that_do_not_fit_are_named(changes, said):
    with pytest.raises(ValueError, match=said):
        table(**changes)
