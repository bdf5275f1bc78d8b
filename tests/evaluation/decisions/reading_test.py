"""Every layout gives the same table, and what is wrong is named with file and row."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from jaxsdm.evaluation.decisions import read_tables

PLACES, SPECIES = ["7", "b", "c"], ["oak", "elm"]
P = np.array([[0.1, 0.9], [0.25, 0.5], [1.0, 0.0]])


def long_frame(column="probability", values=P):
    return pd.DataFrame(
        {
            "site": np.repeat(PLACES, 2),
            "species": SPECIES * 3,
            column: np.ravel(values),
            "x": np.repeat([0.0, 1.0, 2.0], 2),
        }
    )


def wide_frame(values=P):
    return pd.DataFrame(values, columns=SPECIES).assign(site=PLACES, x=0.0, y=1.0)


def write(path, frame):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False)
    return path


def write_netcdf(path, name="probability", values=P):
    xr.Dataset(
        {
            name: (("species", "site"), np.asarray(values).T),
            "longitude": ("site", [0.0, 1, 2]),
        },
        {"site": PLACES, "species": SPECIES},
    ).to_netcdf(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
@pytest.mark.parametrize("frame", [long_frame, wide_frame])
def test_long_and_wide_tables(tmp_path, suffix, frame):
    path = tmp_path / f"table{suffix}"
    (table,) = read_tables(write(path, frame()))
    assert list(table.places) == PLACES
    assert table.species == tuple(SPECIES)
    assert (table.kind, table.name) == ("probability", "")
    np.testing.assert_array_equal(table.values, P)
    assert table.about["x"].iloc[0] == 0.0


def test_netcdf_in_any_order_of_its_dimensions(tmp_path):
    (table,) = read_tables(write_netcdf(tmp_path / "p.nc"))
    assert list(table.places) == PLACES
    np.testing.assert_array_equal(table.values, P)
    assert list(table.about["longitude"]) == [0.0, 1, 2]


def test_rows_may_be_in_any_order_and_missing(tmp_path):
    frame = long_frame().iloc[[5, 0, 3, 1, 4]]
    (table,) = read_tables(write(tmp_path / "t.csv", frame))
    assert list(table.places) == ["c", "7", "b"]
    assert table.species == ("elm", "oak")
    np.testing.assert_array_equal(table.values, [[0.0, 1.0], [0.9, 0.1], [0.5, np.nan]])


def test_what_evaluate_writes_is_read_survey_by_survey(tmp_path):
    frame = pd.DataFrame(
        {
            "region": pd.Categorical(["A", "A", "B"]),
            "group": pd.Categorical(["bird"] * 3),
            "survey": pd.Categorical(["bird", "bird", "s2"]),
            "species": pd.Categorical(["u", "v", "w"]),
            "site": np.array([0, 0, 0], np.int32),
            "presence": np.array([0, 1, 1], np.int8),
            "score": np.array([-3, 2.5, 1], np.float32),
        }
    )
    path = write(tmp_path / "predictions.parquet", frame)
    first, second = read_tables(path)
    assert (first.name, second.name) == ("A bird", "B bird s2")
    assert (first.kind, first.values.dtype) == ("score", np.float32)
    np.testing.assert_array_equal(first.values, [[-3, 2.5]])
    assert second.species == ("w",)
    labels, _ = read_tables(path, labels=True)
    np.testing.assert_array_equal(labels.values, [[0, 1]])


def test_labels_of_every_layout(tmp_path):
    values = np.array([[1, 0], [0, np.nan], [1, 1]])
    paths = [
        write(tmp_path / "l.csv", long_frame("presence", values)),
        write(tmp_path / "w.parquet", wide_frame(values)),
        write_netcdf(tmp_path / "n.nc", "presence", values),
    ]
    for path in paths:
        (table,) = read_tables(path, labels=True)
        assert table.kind == "presence"
        np.testing.assert_array_equal(table.values, values)


def test_columns_may_be_called_otherwise(tmp_path):
    frame = long_frame("suitable").rename(columns={"site": "plot"})
    (table,) = read_tables(
        write(tmp_path / "t.csv", frame), site="plot", column="suitable"
    )
    np.testing.assert_array_equal(table.values, P)


WRONG = P + np.array([[0, 0], [0, 0.7], [0, 0]])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda f: write(f / "l.csv", long_frame(values=WRONG)),
            ["l.csv: row 4, column probability (site b, species elm)", "got 1.2"],
        ),
        (
            lambda f: write(f / "w.csv", wide_frame(WRONG)),
            ["w.csv: row 2, column elm (site b, species elm)", "got 1.2"],
        ),
        (
            lambda f: write_netcdf(f / "n.nc", values=WRONG),
            ["n.nc: row 2, column probability (site b", "1 such values"],
        ),
        (
            lambda f: write(f / "l.csv", long_frame("suitability")),
            ["no column probability or score", "site, species, suitability, x"],
        ),
        (
            lambda f: write(f / "l.csv", long_frame().drop(columns="site")),
            ["no column site", "species, probability, x", "--site"],
        ),
        (
            lambda f: write(f / "l.csv", pd.concat([long_frame(), long_frame()[2:3]])),
            ["l.csv: row 7: site b and species oak come twice"],
        ),
        (
            lambda f: write(f / "w.csv", wide_frame().iloc[[0, 1, 1]]),
            ["w.csv: row 3: site b comes twice"],
        ),
        (
            lambda f: write(f / "w.csv", wide_frame().assign(soil=["u", "v", "w"])),
            ["w.csv: row 1, column soil: want a number, got 'u'"],
        ),
        (
            lambda f: write(f / "w.csv", wide_frame()[["site", "x", "y"]]),
            ["no column of a species"],
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path, make, words):
    with pytest.raises(ValueError, match=r"row|column") as error:
        read_tables(make(tmp_path))
    for word in words:
        assert word in str(error.value)


def test_abundances_are_no_labels(tmp_path):
    path = write(tmp_path / "l.csv", long_frame("presence", P * 20))
    with pytest.raises(ValueError, match=r"row 1, column presence .* want 1"):
        read_tables(path, labels=True)


def test_a_missing_block_column_and_file(tmp_path):
    path = write(tmp_path / "l.csv", long_frame())
    with pytest.raises(ValueError, match="no column cell of spatial blocks"):
        read_tables(path, block="cell")
    with pytest.raises(FileNotFoundError, match=r"nothing\.nc: no such file"):
        read_tables(tmp_path / "nothing.nc")


IDS = ["000", "0", "001"]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_ids_stay_as_they_are_written(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    wide = pd.DataFrame({"plot": IDS, "07": [0.1, 0.2, 0.3], "7": 0.5})
    (table,) = read_tables(write(path, wide), site="plot")
    assert list(table.places) == IDS
    assert table.species == ("07", "7")
    long = pd.DataFrame({"survey": "01", "site": IDS, "species": IDS, "p": 0.5})
    (table,) = read_tables(write(path, long))
    assert (list(table.places), table.species) == (IDS, tuple(IDS))
    assert table.name == "01"


def test_blocks_are_text(tmp_path):
    frame = pd.DataFrame({"site": IDS, "a": 0.5, "cell": ["1", "01", "1"]})
    (table,) = read_tables(write(tmp_path / "t.csv", frame), block="cell")
    assert list(table.about["cell"]) == ["1", "01", "1"]


@pytest.mark.parametrize("kind", ["int64", "float64", "category", "Int64"])
def test_numbers_are_the_ids_that_a_csv_file_has(tmp_path, kind):
    frame = pd.DataFrame({"site": ["12", "7"], "species": ["3", "4"], "p": 0.5})
    (want,) = read_tables(write(tmp_path / "t.csv", frame))
    numbers = frame.assign(
        site=frame["site"].astype(int).astype(kind),
        species=frame["species"].astype(float).astype(kind),
    )
    (got,) = read_tables(write(tmp_path / "t.parquet", numbers))
    assert list(got.places) == list(want.places) == ["12", "7"]
    assert got.species == want.species == ("3", "4")
    xr.Dataset(
        {"p": (("site", "species"), np.full((2, 2), 0.5))},
        {"site": [12.0, 7.0], "species": [3, 4]},
    ).to_netcdf(tmp_path / "t.nc")
    (got,) = read_tables(tmp_path / "t.nc")
    assert (list(got.places), got.species) == (["12", "7"], ("3", "4"))


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.nc"])
def test_an_empty_file_is_named(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match=rf"{name} is empty\."):
        read_tables(tmp_path / name)


def test_files_that_cannot_be_read_are_named(tmp_path):
    for name, data, words in (
        ("lines.csv", b"\n\n", "is empty"),
        ("ragged.csv", b"site,a,b\n1,0.5\n", "Expected 3 columns, got 2"),
        ("no.csv.gz", b"site,a\n1,0.5\n", "gzip"),
        ("no.parquet", b"site,a\n1,0.5\n", "not a parquet file"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError, match=rf"{name}.*{words}"):
            read_tables(tmp_path / name)


@pytest.mark.parametrize("header", ["site,a,b,a", "\ufeffsite,a,b,a", "site,b,site,a"])
def test_a_column_that_comes_twice_is_named(tmp_path, header):
    path = tmp_path / "t.csv"
    path.write_text(f"{header}\n1,0.5,0.5,0.1\n", encoding="utf-8")
    twice = "site" if header.endswith("site,a") else "a"
    with pytest.raises(ValueError, match=rf"t\.csv: column {twice} comes twice"):
        read_tables(path)


def test_no_coordinate_is_a_species(tmp_path):
    frame = wide_frame().assign(longitude=0.5, latitude=0.25)
    (table,) = read_tables(write(tmp_path / "w.csv", frame))
    assert table.species == tuple(SPECIES)
    assert set(table.about) == {"site", "x", "y", "longitude", "latitude"}


def test_rows_of_no_part_are_named(tmp_path):
    frame = long_frame().assign(region=["NA"] * 2 + ["SA"] * 4)
    with pytest.raises(ValueError, match="row 1: column region is empty or NA"):
        read_tables(write(tmp_path / "t.csv", frame))
