"""Tests for jaxsdm.datasets.darwin_core."""

import gzip

import numpy as np
import pandas as pd
import pytest

from jaxsdm.datasets.darwin_core import read_darwin_core

HEADER = "decimalLongitude\tdecimalLatitude\tspecies"


def test_what_is_read(write_table):
    file = write_table(
        "records.txt",
        "gbifID\tDECIMALLATITUDE\tdecimallongitude\tSpecies\tscientificName",
        '1\t51.25\t4.5\tViola odorata\t"sweet',  # a quote that is never closed
        "2\t-12\t359.75\t  Viola hirta \tViola hirta L.",
        "3\t\t4\tViola hirta\tViola hirta L.",
        "4\t1\t2\t \tViola L.",
    )
    pd.testing.assert_frame_equal(
        read_darwin_core(file),
        pd.DataFrame(
            {
                "longitude": [4.5, 359.75, 4, 2],
                "latitude": [51.25, -12, np.nan, 1],
                "records": 1.0,
                "species": ["Viola odorata", "Viola hirta", "Viola hirta", None],
                "present": True,
            }
        ),
        check_dtype=False,
    )


def test_commas_quotes_a_mark_and_a_survey(write_table):
    file = write_table(
        "survey.csv",
        "\ufeffscientificName, occurrenceStatus,decimalLongitude,decimalLatitude,n",
        '"Rosa canina L., 1753",PRESENT,1,2,3',
        "Rosa canina,absent ,1,2,0",
    )
    read = read_darwin_core(file, survey=True, number="n")
    assert read["species"].tolist() == ["Rosa canina L., 1753", "Rosa canina"]
    assert read["present"].tolist() == [True, False]
    assert read["records"].tolist() == [3, 0]


def test_a_compressed_table_and_one_whose_species_are_all_empty(tmp_path):
    file = tmp_path / "records.txt.gz"
    file.write_bytes(gzip.compress(f"{HEADER}\n1\t2\t\n".encode()))
    read = read_darwin_core(file)
    assert read["longitude"].tolist() == [1]
    assert read["species"].isna().all()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([HEADER], r"table\.txt: the table has a header and no rows"),
        (
            ["longitude\tdecimalLatitude", "1\t2"],
            "no column decimalLongitude, species ",
        ),
        (["x,y", "1,2"], "species or scientificName; it has x, y"),
        (
            [HEADER, "1\t2\ta", "east\t2\ta", "west\t2\ta"],
            r"table\.txt, column decimalLongitude, row 2: 'east' is not a number \(2 ",
        ),
        ([HEADER, "1\tinf\ta"], "decimalLatitude, row 1: 'inf' is not a number"),
        ([HEADER, "1\t2,5\ta"], "decimalLatitude, row 1: '2,5' is not a number"),
        ([HEADER, "1\t2\ta", "1\t90.1\ta"], r"row 2: '90\.1' is not from -90 to 90"),
        ([HEADER, "-181\t2\ta"], "'-181' is not from -180 to 360"),
        (
            [HEADER + "\toccurrenceStatus", "1\t2\ta\tpresent", "1\t2\ta\t"],
            "column occurrenceStatus, row 2: '' is neither 'present' nor 'absent'",
        ),
        (
            [HEADER, "1\t2\ta", "1\t2\ta\tb\tc"],
            r"table\.txt: no table in UTF-8.* line 3",
        ),
        ([HEADER, "1\t2\ta\tb\tc"], r"table\.txt: no table in UTF-8"),
    ],
)
def test_what_is_wrong_is_said(write_table, lines, said):
    with pytest.raises(ValueError, match=said):
        read_darwin_core(write_table("table.txt", *lines))


def test_a_survey_needs_its_status_and_a_number_its_column(write_table):
    file = write_table("table.txt", HEADER, "1\t2\ta")
    with pytest.raises(
        ValueError, match=r"no column occurrenceStatus; it has decimalL"
    ):
        read_darwin_core(file, survey=True)
    with pytest.raises(ValueError, match="no column n;"):
        read_darwin_core(file, number="n")


def test_no_table(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.txt: no such table"):
        read_darwin_core(tmp_path / "absent.txt")
    (tmp_path / "empty.txt").touch()
    with pytest.raises(ValueError, match=r"empty\.txt: the table is empty"):
        read_darwin_core(tmp_path / "empty.txt")
    (tmp_path / "latin.txt").write_bytes(HEADER.encode() + b"\n1\t2\tV\xe9ronique\n")
    with pytest.raises(ValueError, match=r"latin\.txt: no table in UTF-8"):
        read_darwin_core(tmp_path / "latin.txt")
