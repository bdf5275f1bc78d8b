"""Tests for jaxsdm.data.occurrences.coordinates."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data.occurrences.coordinates import (
    crs_named,
    from_datums,
    from_many_systems,
    from_one_system,
)

X, Y = np.array([190.25, -180.0, np.nan]), np.array([91.0, 90.0, 1.0])


@pytest.mark.parametrize("crs", ["EPSG:4326", "epsg:4326", "WGS84", "OGC:CRS84"])
def test_degrees_of_wgs84_stay_whatever_the_system_is_called(crs):
    longitude, latitude = from_one_system(X, Y, crs)
    np.testing.assert_array_equal(longitude, X)
    np.testing.assert_array_equal(latitude, Y)


def test_points_of_each_row_are_those_of_proj():
    pyproj = pytest.importorskip("pyproj")
    names = ["2154", "EPSG:3035", "32631", "EPSG:2154", "WGS 84", "+proj=moll"]
    rng = np.random.default_rng(0)
    which = rng.integers(0, len(names), 60)
    x, y = rng.uniform(4e5, 9e5, 60), rng.uniform(5e6, 6.5e6, 60)
    got = from_many_systems(
        x, y, pd.Categorical.from_codes(which, names),
        otherwise=None, file="t", column="c",
    )  # fmt: skip
    for row in range(60):
        crs = crs_named(names[which[row]])
        want = (
            (x[row], y[row])
            if crs == "EPSG:4326"
            else pyproj.Transformer.from_crs(
                crs, "EPSG:4326", always_xy=True
            ).transform(x[row], y[row])
        )
        if not np.isfinite(want).all():
            want = (np.nan, np.nan)
        np.testing.assert_array_equal([one[row] for one in got], want)


def test_datums_leave_what_they_were_given():
    longitude, latitude = np.array([-100.0, 2.0]), np.array([40.0, 3.0])
    moved, _, notes = from_datums(
        longitude, latitude, pd.Categorical(["EPSG:4267", None])
    )
    assert longitude.tolist() == [-100.0, 2.0]
    assert moved[0] != -100.0
    assert moved[1] == 2.0
    assert notes == ("1 rows moved from datum EPSG:4267 to WGS 84",)


@pytest.mark.parametrize(
    ("name", "want"),
    [(" 2154 ", "EPSG:2154"), ("EPSG:2154", "EPSG:2154"), ("WGS 84", "EPSG:4326"),
     ("WGS_1984", "EPSG:4326"), ("world geodetic system 1984", "EPSG:4326")],
)  # fmt: skip
def test_names_of_systems(name, want):
    assert crs_named(name) == want
