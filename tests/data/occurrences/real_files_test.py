"""Reading the files of other projects as they are; skipped where they are not."""

import csv
import gzip

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data.occurrences import read_occurrences


@pytest.fixture
def data(shared):
    return shared / "data"


def test_a_cube_of_belgium(data):
    path = data / "belgium_bcubed" / "belgium_2010.csv"
    got = read_occurrences(path, columns={"count": "occurrences"})
    want = pd.read_csv(path, sep="\t")
    assert len(got.species) == 415
    assert got.table["count"].tolist() == want["occurrences"].tolist()
    assert got.table["decimalLatitude"].tolist() == want["decimallatitude"].tolist()
    assert got.table["species"].tolist() == want["species"].tolist()
    assert (got.table["eventDate"].dt.month == want["month"]).all()


def test_orchids_of_the_red_list(data):
    path = data / "iucn_orchids" / "training_occ.csv.gz"
    got = read_occurrences(path)
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    assert len(got) == 125_412
    assert len(got.species) == 889
    assert got.table["species"].tolist() == [row["species"] for row in rows]
    longitude = [float(row["decimallongitude"]) for row in rows]
    assert got.table["decimalLongitude"].tolist() == longitude


def test_both_coordinates_of_geolifeclef(data):
    folder = data / "geolifeclef" / "glc23_sample" / "Presence_only_occurrences"
    path = folder / "Presences_only_train_sample.csv"
    degrees = read_occurrences(path, keep=("glcID",))
    assert len(degrees.species) == 96
    assert degrees.table["glcID"][0] == "2522017"
    named = {"x": "x_EPSG3035", "y": "y_EPSG3035"}
    metres = read_occurrences(path, columns=named, crs="EPSG:3035")
    for name in ("decimalLongitude", "decimalLatitude"):
        gap = np.abs(degrees.table[name] - metres.table[name])
        assert gap.max() < 2e-5  # the table rounds to metres and 5 decimals


@pytest.mark.parametrize(
    ("name", "surveys", "species"),
    [("custom_bioclim/sample_obs.csv", 47, 5),
     ("glc24_preextracted/metadata.csv", 99, 85),
     ("glc25_preextracted/metadata.csv", 97, 82)],
)  # fmt: skip
def test_surveys_of_malpolon(data, name, surveys, species):
    got = read_occurrences(data / "geolifeclef" / name, kind="survey_lists")
    assert len(got.species) == species
    assert got.table["survey"].nunique() == surveys
    assert not any("." in one for one in got.species)
    assert set(got.table["subset"]) <= {"train", "val", "test"}


def test_lands_of_biomod(data):
    path = data / "biomod2" / "DataSpecies.csv"
    got = read_occurrences(path, wide="rest")
    want = pd.read_csv(path).drop(columns=["X_WGS84", "Y_WGS84"])
    assert (len(got), got.kind) == (2488 * 6, "presence_absence")
    share = got.table.groupby("species", observed=True)["present"].mean().to_dict()
    assert share == pytest.approx(want.mean().to_dict())


def test_points_of_elapid(data):
    pyogrio = pytest.importorskip("pyogrio")
    shapely, pyproj = map(pytest.importorskip, ("shapely", "pyproj"))
    path = data / "elapid" / "ariolimax.gpkg"
    got = read_occurrences(path, species="Ariolimax buttoni", keep="rest")
    meta, _, points, fields = pyogrio.raw.read(path)
    want = dict(zip(meta["fields"], fields, strict=True))
    assert len(got) == 6585
    assert got.table["present"].tolist() == (want["presence"] == 1).tolist()
    assert got.table["LAIMean"].tolist() == want["LAIMean"].tolist()
    points = shapely.from_wkb(points)
    there = pyproj.Transformer.from_crs("EPSG:32610", "EPSG:4326").transform(
        shapely.get_x(points), shapely.get_y(points)
    )
    for name, degrees in zip(
        ("decimalLatitude", "decimalLongitude"), there, strict=True
    ):
        np.testing.assert_allclose(got.table[name], degrees, rtol=0, atol=1e-12)


def test_sloths_of_dismo(data):
    got = read_occurrences(data / "dismo_ex" / "bradypus.csv")
    assert (len(got), got.species) == (116, ("Bradypus variegatus",))
