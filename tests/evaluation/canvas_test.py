"""Labels, styles and what is said when matplotlib is missing."""

import sys

import pytest

from jaxsdm.evaluation import canvas


@pytest.mark.parametrize(
    ("crs", "label"),
    [
        ("EPSG:4326", "longitude (°)"),
        ("OGC:CRS84", "longitude (°)"),
        ("EPSG:28355", "easting (units of EPSG:28355)"),
        ('GEOGCS["WGS 84 (CRS84)",DATUM["WGS_1984"]]', "longitude (°)"),
        ('PROJCS["Belge",GEOGCS["Belge 1972",DATUM["x"]]]', "easting (units of Belge)"),
        ("", "easting (map units)"),
    ],
)
def test_axes_name_their_unit(crs, label):
    assert canvas.axis_labels(crs)[0] == label


def test_forty_nine_groups_are_told_apart():
    styles = [tuple(canvas.style(number).values()) for number in range(49)]
    assert len(set(styles)) == 49


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'jaxsdm\[figures\]'"):
        canvas.new_figure(1, 1)
