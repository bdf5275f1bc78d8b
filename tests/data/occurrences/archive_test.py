"""Tests for jaxsdm.data.occurrences.archive: Darwin Core archives, and ZIPs at all."""

import zipfile

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data.occurrences import read_occurrences

TERMS = "http://rs.tdwg.org/dwc/terms/"
TABS = r'fieldsTerminatedBy="\t" linesTerminatedBy="\n" fieldsEnclosedBy=""'


def field(term, index=None, default=None):
    index = "" if index is None else f' index="{index}"'
    default = "" if default is None else f' default="{default}"'
    return f'<field{index} term="{TERMS}{term}"{default}/>'


def table(tag, row_type, fields, *files, attributes=TABS, header=1):
    places = "".join(f"<location>{file}</location>" for file in files)
    if header is not None:
        attributes += f' ignoreHeaderLines="{header}"'
    return (
        f'<{tag} rowType="{TERMS}{row_type}" {attributes}>'
        f"<files>{places}</files>{''.join(fields)}</{tag}>"
    )


def meta(*tables):
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<archive metadata="eml.xml" '
        f'xmlns="http://rs.tdwg.org/dwc/text/">{"".join(tables)}</archive>'
    )


SIMPLE = [
    '<id index="0"/>',
    field("decimalLatitude", 1),
    field("decimalLongitude", 2),
    field("scientificName", 3),
]


@pytest.fixture
def archive(tmp_path):
    """A function that writes files into a ZIP, or a folder, and gives its path."""

    def write(files, *, folder=False, top=""):
        path = tmp_path / ("archive" if folder else "archive.zip")
        files = {
            name: text.encode() if isinstance(text, str) else text
            for name, text in files.items()
        }
        if folder:
            path.mkdir()
            for name, content in files.items():
                (path / name).write_bytes(content)
            return path
        with zipfile.ZipFile(path, "w") as packed:
            for name, content in files.items():
                packed.writestr(top + name, content)
        return path

    return write


def rows(occurrences):
    named = ["species", "decimalLongitude", "decimalLatitude"]
    return occurrences.table[named].astype(object).to_numpy().tolist()


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("header", [0, 1, None])
def test_a_core_of_occurrences_with_and_without_header(archive, header, folder):
    lines = ["o1\t48\t2\tQuercus robur", 'o2\t49\t3\t"Abies" alba']
    if header:
        lines.insert(0, "id\tdecimalLatitude\tdecimalLongitude\tscientificName")
    path = archive(
        {
            "meta.xml": meta(
                table("core", "Occurrence", SIMPLE, "o.txt", header=header)
            ),
            "o.txt": "\n".join(lines) + "\n",
            "eml.xml": "<eml/>",
        },
        folder=folder,
    )
    got = read_occurrences(path)
    assert rows(got) == [["Quercus robur", 2.0, 48.0], ['"Abies" alba', 3.0, 49.0]]


def test_a_folder_inside_the_archive(archive):
    path = archive(
        {"meta.xml": meta(table("core", "Occurrence", SIMPLE, "o.txt", header=0)),
         "o.txt": "o1\t48\t2\tQuercus robur\n"},
        top="dwca-7/",
    )  # fmt: skip
    assert rows(read_occurrences(path)) == [["Quercus robur", 2.0, 48.0]]


def test_constants_and_values_for_gaps(archive):
    fields = [
        *SIMPLE,
        field("occurrenceStatus", 4, "absent"),
        field("basisOfRecord", default="HumanObservation"),
        field("geodeticDatum", default="WGS84"),
        field("countryCode"),
    ]
    path = archive(
        {"meta.xml": meta(table("core", "Occurrence", fields, "o.txt", header=0)),
         "o.txt": "o1\t48\t2\tA\tpresent\no2\t49\t3\tB\t\n"}
    )  # fmt: skip
    got = read_occurrences(path)
    assert got.table["basisOfRecord"].tolist() == ["HumanObservation"] * 2
    assert got.table["present"].tolist() == [True, False]
    assert "countryCode" not in got.table


def test_the_defaults_of_the_text_guide(archive):
    text = 'o1,48,2,"Abies alba, Mill.\nof ""here"""\n'
    path = archive(
        {"meta.xml": meta(
            table("core", "Occurrence", SIMPLE, "o.csv", attributes="", header=None)),
         "o.csv": text}
    )  # fmt: skip
    assert rows(read_occurrences(path)) == [['Abies alba, Mill.\nof "here"', 2.0, 48.0]]


def test_several_files_and_their_encoding(archive):
    attributes = TABS + ' encoding="ISO-8859-1"'
    described = table(
        "core", "Occurrence", SIMPLE, "a.txt", "b.txt", attributes=attributes
    )
    path = archive(
        {"meta.xml": meta(described),
         "a.txt": "i\ta\to\ts\no1\t48\t2\tChêne\n".encode("latin-1"),
         "b.txt": "i\ta\to\ts\no2\t49\t3\tHêtre\n".encode("latin-1")}
    )  # fmt: skip
    assert rows(read_occurrences(path)) == [
        ["Chêne", 2.0, 48.0], ["Hêtre", 3.0, 49.0]
    ]  # fmt: skip


def test_records_of_events(archive):
    core = table(
        "core",
        "Event",
        ['<id index="0"/>', field("decimalLongitude", 1), field("decimalLatitude", 2),
         field("eventDate", 3), field("countryCode", default="FR")],
        "event.txt",
    )  # fmt: skip
    records = table(
        "extension",
        "Occurrence",
        ['<coreid index="1"/>', field("scientificName", 0),
         field("occurrenceStatus", 2), field("eventDate", 3)],
        "occurrence.txt",
    )  # fmt: skip
    other = table("extension", "MeasurementOrFact", ['<coreid index="0"/>'], "no.txt")
    path = archive(
        {"meta.xml": meta(core, other, records),
         "event.txt": "id\tx\ty\td\ne1\t2\t48\t2020-05-01\ne2\t3\t49\t2020-06-01\n",
         "occurrence.txt": "s\te\tp\td\nA\te2\tpresent\t\nB\te2\tabsent\t\n"
         "A\te1\tpresent\t2020-05-02\nC\te9\tpresent\t\n"}
    )  # fmt: skip
    got = read_occurrences(path)
    table_ = got.table
    assert table_["species"].tolist() == ["A", "B", "A", "C"]
    assert table_["survey"].astype(object).fillna("").tolist() == ["e2", "e2", "e1", ""]
    np.testing.assert_array_equal(table_["decimalLongitude"], [3, 3, 2, np.nan])
    np.testing.assert_array_equal(table_["decimalLatitude"], [49, 49, 48, np.nan])
    days = ["2020-06-01", "2020-06-01", "2020-05-02", "NaT"]
    np.testing.assert_array_equal(table_["eventDate"], np.array(days, "M8[s]"))
    assert table_["countryCode"].tolist()[:3] == ["FR"] * 3
    assert table_["present"].tolist() == [True, False, True, True]
    assert got.kind == "presence_absence"


def test_the_core_goes_before_an_extension_of_the_same_kind(archive):
    verbatim = table("extension", "Occurrence", ['<coreid index="0"/>'], "verbatim.txt")
    path = archive(
        {"meta.xml": meta(
            table("core", "Occurrence", SIMPLE, "o.txt", header=0), verbatim),
         "o.txt": "o1\t48\t2\tA\n", "verbatim.txt": "id\no1\n"}
    )  # fmt: skip
    assert rows(read_occurrences(path)) == [["A", 2.0, 48.0]]


@pytest.mark.parametrize(
    ("files", "want"),
    [
        ({"meta.xml": "<archive><core>"}, r"archive\.zip: meta\.xml is no sound XML"),
        ({"meta.xml": meta()}, r"meta\.xml describes 0 cores, not one"),
        (
            {"meta.xml": meta(table("core", "Taxon", SIMPLE, "t.txt"))},
            r"describes no rows of type Occurrence, but taxon",
        ),
        (
            {"meta.xml": meta(table("core", "Occurrence", SIMPLE, "gone.txt"))},
            r"archive\.zip/gone\.txt: meta\.xml names this file, but it is not in",
        ),
        (
            {
                "meta.xml": meta(table("core", "Occurrence", SIMPLE, "o.txt")),
                "o.txt": "a,b,c,d\n",
            },
            r"o\.txt: meta\.xml puts decimalLatitude at index 1, but .* has 1 cells",
        ),
        (
            {"meta.xml": meta(table("core", "Occurrence", SIMPLE))},
            r"meta\.xml names no file for its core",
        ),
        (
            {
                "meta.xml": meta(
                    table("core", "Occurrence", ['<id index="x"/>'], "o.txt")
                )
            },
            r"meta\.xml has 'x' where a number from 0 belongs",
        ),
        (
            {
                "meta.xml": meta(
                    table(
                        "core",
                        "Occurrence",
                        SIMPLE,
                        "o.txt",
                        attributes='fieldsTerminatedBy="||"',
                    )
                )
            },
            r"meta\.xml ends fields with '\|\|'",
        ),
        (
            {"a.csv": "x", "b.csv": "y"},
            r"archive\.zip: a ZIP needs meta\.xml .* and holds a\.csv, b\.csv",
        ),
        ({}, r"holds nothing"),
    ],
)
def test_archives_that_cannot_be_understood(archive, files, want):
    with pytest.raises(ValueError, match=want):
        read_occurrences(archive(files))


def test_a_file_that_is_missing_from_a_folder(archive):
    path = archive(
        {"meta.xml": meta(table("core", "Occurrence", SIMPLE, "gone.txt"))}, folder=True
    )
    with pytest.raises(ValueError, match=r"gone\.txt: meta\.xml names this file"):
        read_occurrences(path)


def test_one_table_in_a_zip(archive):
    text = "gbifID\tspecies\tdecimalLongitude\tdecimalLatitude\n1\tA\t2\t48\n"
    path = archive(
        {"0012-3.csv": text, "__MACOSX/._0012-3.csv": "?", "rights.txt": "-"}
    )
    got = read_occurrences(path)
    assert rows(got) == [["A", 2.0, 48.0]]
    assert got.source.endswith("archive.zip/0012-3.csv")


def test_many_rows_through_a_zip_are_those_of_pandas(archive):
    rng = np.random.default_rng(0)
    want = pd.DataFrame(
        {
            "id": np.arange(3000),
            "decimalLatitude": rng.uniform(-90, 90, 3000),
            "decimalLongitude": rng.uniform(-180, 180, 3000),
            "scientificName": rng.choice(["A", "B", "C"], 3000),
        }
    )
    path = archive(
        {"meta.xml": meta(table("core", "Occurrence", SIMPLE, "o.txt")),
         "o.txt": want.to_csv(sep="\t", index=False)}
    )  # fmt: skip
    got = read_occurrences(path).table
    for name in ("decimalLatitude", "decimalLongitude"):
        assert got[name].tolist() == want[name].tolist()
    assert got["species"].tolist() == want["scientificName"].tolist()


@pytest.mark.parametrize("name", ["t.zip", "t.xlsx"])
@pytest.mark.parametrize("damage", ["cut", "mark", "cell"])
def test_a_damaged_zip_is_named(tmp_path, name, damage):
    path = tmp_path / name
    text = "species,lon,lat\n" + "oak,1,2\n" * 200_000  # more than is peeked at
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("t.csv", text)
    data = path.read_bytes()
    late = data.rindex(b"oak")
    path.write_bytes(
        {
            "cut": data[:-40],
            "mark": b"\0" * 9 + data[9:-40],
            "cell": data[:late] + b"elm" + data[late + 3 :],
        }[damage]
    )
    with pytest.raises(ValueError, match=rf"{name} is no ZIP that can be read: .+"):
        read_occurrences(path)


def test_excel_is_refused(archive):
    path = archive({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<book/>"})
    with pytest.raises(ValueError, match=r": Excel is not read; save it as CSV\."):
        read_occurrences(path)
