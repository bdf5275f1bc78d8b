"""Tests for jaxsdm.data.occurrences.reading: whole tables, under the names of any."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data.occurrences import read_occurrences

HEADER = "species,decimalLongitude,decimalLatitude"


@pytest.fixture
def write(tmp_path):
    """A function that writes a text and gives its path."""

    def write(text, name="table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_a_download_of_gbif(write):
    header = (
        "gbifID\tspecies\tscientificName\tcountryCode\tlocality\toccurrenceStatus\t"
        "individualCount\tdecimalLatitude\tdecimalLongitude\t"
        "coordinateUncertaintyInMeters\teventDate\tday\tmonth\tyear\tbasisOfRecord"
    )
    rows = [
        '1\tQuercus robur\tQuercus robur L.\tNA\tat "the mill\tPRESENT\t12\t48.5\t'
        "2.25\t30.0\t2019-05-01T10:20:00\t1\t5\t2019\tHUMAN_OBSERVATION",
        "2\t\tQuercus L.\tFR\t5'\tPRESENT\t\t-90\t180\t\t\t\t\t\tFOSSIL_SPECIMEN",
        "3\tAbies alba\tAbies alba Mill.\t\t\tPRESENT\t3\t\t\t\t2020-06\t\t6\t2020\t",
    ]
    got = read_occurrences(write("\n".join([header, *rows]) + "\n"), keep="gbifID")
    want = pd.DataFrame(
        {
            "species": pd.Categorical(["Quercus robur", None, "Abies alba"]),
            "decimalLongitude": [2.25, 180.0, np.nan],
            "decimalLatitude": [48.5, -90.0, np.nan],
            "eventDate": np.array(["2019-05-01", "NaT", "2020-06-01"], "M8[s]"),
            "year": [2019.0, np.nan, 2020.0],
            "coordinateUncertaintyInMeters": [30.0, np.nan, np.nan],
            "basisOfRecord": pd.Categorical(
                ["HUMAN_OBSERVATION", "FOSSIL_SPECIMEN", None]
            ),
            "countryCode": pd.Categorical(["NA", "FR", None]),
            "gbifID": pd.Series(["1", "2", "3"], dtype="str"),
            "present": [True, True, True],
            "count": [1.0, 1.0, 1.0],
        }
    )
    pd.testing.assert_frame_equal(got.table, want)
    assert got.kind == "presence_only"
    assert got.species == ("Abies alba", "Quercus robur")
    assert (got.report.rows, got.report.species, got.report.notes) == (3, 2, ())


def test_columns_that_no_model_needs_are_not_read(write):
    got = read_occurrences(write(HEADER + ",locality\na,1,2,here\n"))
    assert list(got.table) == [*HEADER.split(","), "present", "count"]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("surveyId,latitude,longitude,speciesId,subset", "7,2,1,35.0,train"),
        ("lon,lat,year,geoUncertaintyInM,speciesId,surveyId", "1,2,2018,10,35,7"),
        ("taxon_id,latitude,longitude,observed_on", "35,2,1,2018-03-02"),
        ("species,longitude,latitude,bio1", "35,1,2,9"),
        ("glcID;lon;lat;speciesId;x_EPSG3035", "4;1;2;35;88"),
        ("SPECIESKEY\tDECIMALLATITUDE\tDecimalLongitude", "35\t2\t1"),
        ("scientificName|lng|lat|taxonKey", "35|1|2|8"),
        ("X_WGS84,Y_WGS84,species", "1,2,35"),
    ],
)
def test_names_of_other_projects_are_known(write, header, row):
    table = read_occurrences(write(f"{header}\n{row}\n")).table
    assert table["species"].tolist() == ["35"]
    assert table["decimalLongitude"].tolist() == [1.0]
    assert table["decimalLatitude"].tolist() == [2.0]
    if "survey" in header:
        assert table["survey"].tolist() == ["7"]


def test_named_columns_go_before_known_ones(write):
    path = write("species,lon,lat,name,when,n\na,1,2,b,2001-02-03,4\n")
    columns = {"species": "name", "date": "when", "count": "N"}
    (row,) = read_occurrences(path, columns=columns).table.to_dict("records")
    assert (row["species"], row["count"], row["year"]) == ("b", 4.0, 2001.0)
    assert row["eventDate"] == pd.Timestamp("2001-02-03")


def test_of_names_that_differ_in_case_the_first_counts(write):
    path = write("species,LON,lon,lat\na,1,9,2\n")
    assert read_occurrences(path).table["decimalLongitude"].tolist() == [1.0]


def test_degrees_go_before_x_and_y_unless_these_are_named(write):
    path = write("species,lon,lat,x,y\na,1,2,500000,0\n")
    assert read_occurrences(path).table["decimalLongitude"].item() == 1.0
    for named in ({"crs": "EPSG:32631"}, {"columns": {"x": "x", "y": "y"}}):
        named = {"crs": "EPSG:32631"} | named
        table = read_occurrences(path, **named).table
        assert table["decimalLongitude"].item() == pytest.approx(3, abs=1e-9)
        assert table["decimalLatitude"].item() == pytest.approx(0, abs=1e-9)


def test_degrees_of_another_datum_by_crs(write):
    path = write(HEADER + ",epsg\na,-100,40,4267\nb,-100,40,4326\n")
    whole, own = read_occurrences(path, crs="NAD27", columns={"crs": None}).table[
        "decimalLongitude"
    ]
    assert whole == own
    each = read_occurrences(path, columns={"crs": "epsg"}).table["decimalLongitude"]
    assert each.tolist() == [whole, -100.0]
    assert 1e-5 < abs(whole + 100) < 1e-2  # tens of metres
    assert read_occurrences(path).table["decimalLongitude"].tolist() == [-100.0] * 2


def test_x_and_y_without_a_system_are_refused(write):
    with pytest.raises(ValueError, match=r"table\.csv: of what system .*crs="):
        read_occurrences(write("species,x,y\na,1,2\n"))


def test_a_system_for_each_row(write):
    rows = ["a,500000,0,32631", "a,2.5,48.5,WGS84", "a,500000,0,EPSG:32632", "a,1,1,"]
    path = write("\n".join(["species,x,y,srid", *rows]))
    got = read_occurrences(path)
    table = got.table
    longitude = table["decimalLongitude"].to_numpy()
    np.testing.assert_allclose(longitude, [3, 2.5, 9, np.nan], atol=1e-9)
    assert table["decimalLatitude"][1] == 48.5
    (note,) = got.report.notes
    assert "1 rows whose coordinates are no place" in note
    assert note.endswith("first in row 4")
    assert read_occurrences(path, crs="EPSG:4326").table["decimalLongitude"][3] == 1.0


def test_a_place_outside_its_system_is_missing(write):
    path = write("species,x,y\na,4321000,3210000\nb,1e30,1e30\n")
    got = read_occurrences(path, crs="EPSG:3035")
    np.testing.assert_allclose(
        got.table["decimalLongitude"], [10, np.nan], rtol=1e-12, equal_nan=True
    )
    assert np.isnan(got.table["decimalLatitude"][1])
    assert "first in row 2" in got.report.notes[0]


def test_degrees_beyond_the_antimeridian_and_at_the_poles_stay(write):
    text = HEADER + "\na,180,90\na,-180,-90\na,190.5,0\na,2,48.123456789012345\n"
    table = read_occurrences(write(text)).table
    assert table["decimalLongitude"].tolist() == [180.0, -180.0, 190.5, 2.0]
    assert table["decimalLatitude"].tolist() == [90.0, -90.0, 0.0, 48.123456789012345]


def test_decimal_commas_and_cells_that_hold_no_number(write):
    rows = ["a;4,35;50,5", "a;x;50.25", "a;NA;", "a;-1e1;+3"]
    got = read_occurrences(write("\n".join([HEADER.replace(",", ";"), *rows])))
    longitude = got.table["decimalLongitude"].to_numpy()
    np.testing.assert_array_equal(longitude, [4.35, np.nan, np.nan, -10])
    latitude = got.table["decimalLatitude"].to_numpy()
    np.testing.assert_array_equal(latitude, [50.5, 50.25, np.nan, 3])
    notes = "\n".join(got.report.notes)
    assert "decimalLongitude: 1 decimal commas" in notes
    assert "decimalLatitude: 1 decimal commas" in notes
    assert "decimalLongitude: 1 cells that hold no number" in notes
    assert "row 2 ('x')" in notes


def test_coordinates_that_are_mostly_no_numbers_are_refused(write):
    text = HEADER + "\na,1,2\na,12°E,3\na,13°E,3\n"
    want = r"table\.csv: column decimalLongitude: 2 of 3 cells .* row 2 \('12°E'\)"
    with pytest.raises(ValueError, match=want):
        read_occurrences(write(text))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("", r"table\.csv: the file is empty"),
        (HEADER + "\n", r"table\.csv: there are no rows below the header"),
        (HEADER, r"table\.csv: there are no rows below the header"),
        (
            "a,lon,lat\n1,2,3\n",
            r"no column says the species: .*taxon.* are a, lon, lat",
        ),
        ("lon,lat,sp_a\n1,2,3\n", r"says the species: .*wide=: a pattern such as 'sp_"),
        ("species,lon,lat,lon\n1,2,3,4\n", r"table\.csv: the header names 'lon' more"),
        ("species,lon,b\n1,2,3\n", r"no column says the latitude: .*decimalLatitude"),
        ("species,a,b\n1,2,3\n", r"no column says the longitude: .*columns={'longit"),
    ],
)
def test_tables_without_what_is_needed(write, text, want):
    with pytest.raises(ValueError, match=want):
        read_occurrences(write(text))


@pytest.mark.parametrize(
    ("settings", "want"),
    [
        ({"columns": {"name": "a"}}, r"columns= names 'name'; the parts .*species"),
        ({"columns": {"species": "b"}}, r"names a column 'b'; the columns are species"),
        ({"keep": ("bio1",)}, r"keep= names a column 'bio1'; the columns are"),
        ({"wide": "sp_*"}, r"wide='sp_\*' names no column; the columns are species"),
        (
            {"kind": "absence"},
            r"no kind 'absence' of occurrences; there are presence_on",
        ),
        ({"kind": "presence_absence"}, r"no column says where a species was absent"),
        ({"kind": "abundance"}, r"no column says the count: .*individualCount"),
        ({"crs": "EPSG:1"}, r"'EPSG:1' is not a coordinate reference system"),
    ],
)
def test_settings_that_the_table_cannot_meet(write, settings, want):
    with pytest.raises(ValueError, match=want):
        read_occurrences(write(HEADER + "\na,1,2\n"), **settings)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.csv: no such file"):
        read_occurrences(tmp_path / "gone.csv")


def test_surveys_with_absences_and_rows_that_say_neither(write):
    rows = ["a,1,2,s1,1", "b,1,2,s1,0", "a,3,4,s2,NA", "b,3,4,s2,TRUE", "a,5,6,s3,"]
    got = read_occurrences(write("\n".join(["species,lon,lat,plot,presence", *rows])))
    assert got.kind == "presence_absence"
    assert got.table["present"].tolist() == [True, False, True]
    assert got.table["count"].tolist() == [1.0, 0.0, 1.0]
    assert got.table["survey"].tolist() == ["s1", "s1", "s2"]
    assert got.report.rows == 5
    (step,) = got.report.steps
    assert (step.reason, step.dropped, step.rows) == ("not looked for", 2, 3)
    assert "1 of 5 rows say absent" in got.report.notes[0]


def test_an_empty_occurrence_status_is_a_presence(write):
    text = HEADER + ",occurrenceStatus\na,1,2,PRESENT\nb,1,2,\nc,1,2,absent\n"
    got = read_occurrences(write(text), kind="presence_only")
    assert got.kind == "presence_only"
    assert got.table["present"].tolist() == [True, True, False]


def test_a_status_that_is_another_thing_is_refused_or_left(write):
    path = write(HEADER + ",status\na,1,2,EN\nb,1,2,LC\n")
    want = r"table\.csv: column status .* row 1 \('EN'\); columns={'status'"
    with pytest.raises(ValueError, match=want):
        read_occurrences(path)
    assert len(read_occurrences(path, columns={"status": None})) == 2


def test_lists_of_surveys_hold_no_absences(write):
    path = write("speciesId,lon,lat,surveyId,pa\n1,1,2,7,1\n2,1,2,7,0\n")
    with pytest.raises(ValueError, match=r"row 2 says that a species was absent"):
        read_occurrences(path, kind="survey_lists")


def test_abundances(write):
    rows = ["a,1,2,5", "b,1,2,0", "c,1,2,", "d,1,2,2.5"]
    path = write("\n".join([HEADER + ",individualCount", *rows]))
    got = read_occurrences(path, kind="abundance")
    assert got.table["count"].tolist() == [5.0, 0.0, 2.5]
    assert got.table["present"].tolist() == [True, False, True]
    assert [step[:2] for step in got.report.steps] == [("not counted", 1)]
    assert read_occurrences(path).table["count"].tolist() == [1.0] * 4


def test_negative_counts_are_refused(write):
    path = write(HEADER + ",abundance\na,1,2,3\na,1,2,-3\n")
    with pytest.raises(ValueError, match=r"table\.csv: row 2 counts -3"):
        read_occurrences(path, kind="abundance")


def test_a_column_for_each_species(write):
    path = write("site,lon,lat,sp_b,sp_a,bio1\np,1,2,1,0,9.5\nq,3,4,NA,1,8\n")
    got = read_occurrences(path, wide="sp_*", keep=("bio1",))
    want = {
        "species": ["sp_b", "sp_a", "sp_a"],
        "survey": ["p", "p", "q"],
        "decimalLongitude": [1.0, 1.0, 3.0],
        "present": [True, False, True],
        "count": [1.0, 0.0, 1.0],
        "bio1": [9.5, 9.5, 8.0],
    }
    assert {name: got.table[name].tolist() for name in want} == want
    assert got.table["species"].cat.categories.tolist() == ["sp_a", "sp_b"]
    assert got.kind == "presence_absence"
    assert (got.report.rows, got.report.steps[0].dropped) == (4, 1)
    named = read_occurrences(path, wide=("sp_b", "sp_a"))
    pd.testing.assert_frame_equal(named.table, got.table.drop(columns="bio1"))
    rest = read_occurrences(path, wide="rest", kind="abundance")
    assert rest.table["count"].tolist() == [1.0, 0.0, 9.5, 1.0, 8.0]


def test_a_column_for_each_species_that_holds_something_else(write):
    path = write("site,lon,lat,oak\np,1,2,many\nq,1,2,few\n")
    with pytest.raises(
        ValueError, match=r"column oak says neither .* row 1 \('many'\)"
    ):
        read_occurrences(path, wide="oak")


def test_names_of_other_parts_are_species_in_wide_tables(write):
    got = read_occurrences(write("lon,lat,sp,pa,count\n1,2,1,0,1\n"), wide="rest")
    assert got.table["species"].tolist() == ["sp", "pa", "count"]
    assert got.table["present"].tolist() == [True, False, True]


def test_surveys_without_a_name_are_numbered_by_their_rows(write):
    got = read_occurrences(write("lon,lat,oak,elm\n1,2,1,0\n1,2,1,1\n"), wide="rest")
    assert got.table["survey"].tolist() == ["1", "1", "2", "2"]


def test_kept_columns_are_numbers_where_all_of_them_are(write):
    path = write(HEADER + ",bio1,soil,year\na,1,2,4.5,clay,2001\nb,1,2,,NA,2002\n")
    table = read_occurrences(path, keep="rest").table
    np.testing.assert_array_equal(table["bio1"], [4.5, np.nan])
    assert table["soil"].tolist()[0] == "clay"
    assert table["soil"].isna().tolist() == [False, True]
    assert table["year"].tolist() == [2001.0, 2002.0]


def test_a_kept_column_of_a_taken_name_is_refused(write):
    path = write(HEADER + ",count\na,1,2,9\n")
    with pytest.raises(ValueError, match=r"keep= names count, which a column of Occ"):
        read_occurrences(path, keep=("count",))


def test_one_species_without_a_column(write):
    got = read_occurrences(write("lon,lat,presence\n1,2,1\n3,4,0\n"), species="oak")
    assert got.species == ("oak",)
    assert got.table["present"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("row", "day", "year"),
    [("2001,7,9", "2001-07-09", 2001), ("2001,,", "2001-01-01", 2001),
     (",3,4", "NaT", np.nan), ("2001,2,30", "NaT", 2001)],
)  # fmt: skip
def test_dates_of_year_month_and_day(write, row, day, year):
    table = read_occurrences(write(f"{HEADER},year,month,day\na,1,2,{row}\n")).table
    np.testing.assert_array_equal(table["eventDate"], np.array([day], "M8[s]"))
    np.testing.assert_array_equal(table["year"], [year])


def test_dates_that_are_none_are_noted(write):
    path = write(HEADER + ",eventDate\na,1,2,2001-07-09\na,1,2,spring\n")
    got = read_occurrences(path)
    assert got.table["eventDate"].isna().tolist() == [False, True]
    assert "column eventDate: 1 cells" in got.report.notes[0]
    assert "row 2 ('spring')" in got.report.notes[0]


def test_rows_on_other_datums_are_moved(write):
    rows = ["a,-100,40,NAD27", "a,-100,40,WGS84", "a,-100,40,", "a,-100,40,moon"]
    got = read_occurrences(write("\n".join([HEADER + ",geodeticDatum", *rows])))
    longitude = got.table["decimalLongitude"].to_numpy()
    assert longitude[1:].tolist() == [-100.0] * 3
    assert 1e-5 < abs(longitude[0] + 100) < 1e-2  # tens of metres
    notes = "\n".join(got.report.notes)
    assert "1 rows moved from datum NAD27 to WGS 84" in notes
    assert "PROJ does not know, 'moon', taken as WGS 84, the first in row 4" in notes


def test_a_system_that_proj_does_not_know_is_named_with_its_row(write):
    path = write("species,x,y,crs\na,1,2,4326\na,1,2,Lambert\n")
    with pytest.raises(ValueError, match=r"column crs, row 2: 'Lambert' is not a coor"):
        read_occurrences(path)


def test_all_rows_of_a_table_of_several_blocks(write, monkeypatch):
    from jaxsdm.data.occurrences import delimited

    monkeypatch.setattr(delimited, "BLOCK_BYTES", 256)
    rng = np.random.default_rng(0)
    want = pd.DataFrame(
        {
            "species": rng.choice(["oak", "elm", "ash"], 500),
            "lon": rng.uniform(-180, 180, 500),
            "lat": rng.uniform(-90, 90, 500),
        }
    )
    table = read_occurrences(write(want.to_csv(index=False))).table
    assert table["species"].tolist() == want["species"].tolist()
    assert table["species"].cat.categories.tolist() == ["ash", "elm", "oak"]
    assert table["decimalLongitude"].tolist() == want["lon"].tolist()
    late = write(want.to_csv(index=False).replace("oak", "oak,x", 1), "bad.csv")
    with pytest.raises(ValueError, match=r"bad\.csv: row \d+ has 4 cells"):
        read_occurrences(late)
