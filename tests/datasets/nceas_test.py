"""Tests for jaxsdm.datasets.nceas against the counts that others published.

Cells of each target group: Valavi et al. (2023), doi:10.1111/geb.13639, supplement.
Rows and species: documentation of disdat 1.1-0 (one slip of it mended: Switzerland has
10013 survey sites, not 10103).
"""

import shutil

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data import PredictorEncoder
from jaxsdm.datasets import nceas

CELLS = {
    "AWT-bird": 714,
    "AWT-plant": 379,
    "CAN-bird": 3298,
    "NSW-bat": 147,
    "NSW-bird": 1351,
    "NSW-plant": 569,
    "NSW-reptile": 530,
    "NZ-plant": 2503,
    "SA-plant": 1221,
    "SWI-tree": 11429,
}
RECORDS = {"AWT": 3806, "CAN": 5063, "NSW": 3323, "NZ": 3088, "SA": 2220, "SWI": 35105}
SPECIES = {"AWT": 40, "CAN": 20, "NSW": 54, "NZ": 52, "SA": 30, "SWI": 30}
SURVEYS = {
    "AWT-bird": {"bird": 340},
    "AWT-plant": {"plant": 102},
    "CAN-bird": {"bird": 14571},
    "NSW-bat": {"ba": 570},
    "NSW-bird": {"db": 702, "nb": 1137},
    "NSW-plant": {"ot": 2075, "ou": 1309, "rt": 1036, "ru": 909},
    "NSW-reptile": {"sr": 1008},
    "NZ-plant": {"plant": 19120},
    "SA-plant": {"plant": 152},
    "SWI-tree": {"tree": 10013},
}
CRS = {
    "AWT": "EPSG:28355",
    "CAN": "EPSG:4008",
    "NSW": "EPSG:4326",
    "NZ": "EPSG:27200",
    "SA": "EPSG:4326",
    "SWI": "EPSG:21781",
}
SPELLINGS = {"bates": "bat", "birds": "bird", "plants": "plant"}
CELL = {"AWT": 80, "CAN": 1 / 120, "NSW": 9e-4, "NZ": 100, "SA": 1 / 120, "SWI": 100}


@pytest.fixture(scope="module")
def tasks(nceas_folder):
    return nceas.load(nceas_folder)


@pytest.fixture(scope="module")
def documented(nceas_folder):
    species = pd.read_csv(nceas_folder / "species.csv").set_index("spid")
    return species.replace({"target_group": SPELLINGS})


def test_ten_models_with_the_published_cells(tasks):
    assert {task.name: len(task.records) for task in tasks} == CELLS
    assert [task.name for task in tasks] == [f"{t.region}-{t.group}" for t in tasks]


def test_records_and_species_of_each_region(tasks, documented):
    records, species = dict.fromkeys(RECORDS, 0), dict.fromkeys(RECORDS, 0)
    for task in tasks:
        records[task.region] += int(task.records.counts.sum())
        species[task.region] += len(task.records.species)
        assert (task.records.counts.sum(axis=1) > 0).all()
        assert list(task.records.species) == sorted(task.records.species)
        np.testing.assert_array_equal(
            task.records.counts.sum(axis=0),
            documented.n_po.loc[list(task.records.species)],
        )
    assert records == RECORDS
    assert species == SPECIES
    assert sum(species.values()) == 226


def test_only_one_cell_has_two_records_of_a_species(tasks):
    twice = {t.name: int((t.records.counts > 1).sum()) for t in tasks}
    assert {name: n for name, n in twice.items() if n} == {"SA-plant": 1}


def test_background_is_ten_thousand_cells_without_records(tasks):
    for task in tasks:
        assert len(task.background) == 10_000
        assert not task.background.counts.any()
        assert task.background.species == task.records.species


def test_surveys_have_their_sites_and_their_own_species(tasks, documented):
    sites = {t.name: {n: len(s) for n, s in t.surveys.items()} for t in tasks}
    assert sites == SURVEYS
    scored = []
    for task in tasks:
        for name, survey in task.surveys.items():
            rows = documented.loc[list(survey.species)]
            scored += survey.species
            assert set(rows.target_group) == {task.group}
            if len(task.surveys) > 1:
                assert set(rows.group) == {name}
            np.testing.assert_array_equal(survey.counts.sum(axis=0), rows.n_presence)
            np.testing.assert_array_equal(
                (survey.counts == 0).sum(axis=0), rows.n_absence
            )
    assert len(scored) == len(set(scored)) == 225
    assert set(documented.index) - set(scored) == {"nsw30"}


def test_dropped_species_stay_in_the_model(tasks, nceas_folder):
    plant = next(task for task in tasks if task.name == "NSW-plant")
    assert "nsw30" in plant.records.species
    assert "nsw30" not in plant.surveys["ou"].species
    (whole,) = nceas.load(nceas_folder, "NSW", "plant", drop=())
    assert set(whole.surveys["ou"].species) - set(plant.surveys["ou"].species) == {
        "nsw30"
    }


def test_predictors_crs_and_coordinates(tasks):
    for task in tasks:
        tables = [task.records, task.background, *task.surveys.values()]
        for table in tables:
            assert table.crs == CRS[task.region]
            assert tuple(table.predictors) == task.continuous + task.categorical
            assert (table.predictors.dtypes[list(task.continuous)] == np.float64).all()
        for axis in ("x", "y"):
            steps = getattr(task.records, axis) - getattr(task.background, axis).min()
            steps /= CELL[task.region]
            if task.region != "NSW":  # its background cells do not align with the rest
                np.testing.assert_allclose(steps, steps.round(), atol=0.02)


def test_a_cell_is_where_its_records_are(tasks, nceas_folder):
    task = next(task for task in tasks if task.name == "SWI-tree")
    raw = pd.read_parquet(nceas_folder / "SWI" / "train_po.parquet")
    for spid in ("swi01", "swi17"):
        here = task.records.counts[:, task.records.species.index(spid)] > 0
        for axis in ("x", "y"):
            cells = np.sort(getattr(task.records, axis)[here])
            points = np.sort(raw[axis][raw.spid == spid])
            np.testing.assert_allclose(cells, points, atol=50.01)


def test_predictors_of_a_cell_are_those_of_its_records(tasks, nceas_folder):
    task = next(task for task in tasks if task.name == "AWT-plant")
    raw = pd.read_parquet(nceas_folder / "AWT" / "train_po.parquet")
    raw = raw[raw.group == "plant"]
    for column in task.continuous:
        np.testing.assert_array_equal(
            np.unique(task.records.predictors[column]), np.unique(raw[column])
        )


def test_every_survey_is_encoded_without_unseen_levels(tasks):
    for task in tasks:  # warnings are errors
        encoder = PredictorEncoder.fit(
            task.background.predictors,
            continuous=task.continuous,
            categorical=task.categorical,
        )
        for table in (task.records, *task.surveys.values()):
            assert encoder.transform(table.predictors).valid.all()


def test_reference_protocol_takes_unsearched_as_absent(tasks, nceas_folder):
    for joined in nceas.load(nceas_folder, "NSW", protocol="reference", drop=()):
        own = next(task for task in tasks if task.name == joined.name)
        assert list(joined.surveys) == [joined.group]
        survey = joined.surveys[joined.group]
        assert survey.species == joined.records.species
        assert len(survey) == sum(map(len, own.surveys.values()))
        start = 0
        for part in own.surveys.values():
            rows = slice(start, start := start + len(part))
            mine = survey.select_species(part.species)
            np.testing.assert_array_equal(mine.counts[rows], part.counts)
            assert mine.counts.sum() == part.counts.sum()
            np.testing.assert_array_equal(survey.x[rows], part.x)
            np.testing.assert_array_equal(survey.y[rows], part.y)
            np.testing.assert_array_equal(survey.predictors[rows], part.predictors)
        assert survey.crs == joined.records.crs


def same(got, want):
    assert (got.name, got.continuous, got.categorical) == (
        want.name,
        want.continuous,
        want.categorical,
    )
    tables = [
        (got.records, want.records),
        (got.background, want.background),
        *((got.surveys[name], want.surveys[name]) for name in want.surveys),
    ]
    for one, other in tables:
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.y, other.y)
        np.testing.assert_array_equal(one.counts, other.counts)
        pd.testing.assert_frame_equal(
            one.predictors, other.predictors, check_exact=True
        )
        assert (one.species, one.crs) == (other.species, other.crs)


@pytest.mark.parametrize(
    "layout",
    [
        "AWT/{}.csv",
        "{kind}/AWT{}.csv",
        "AWT{}.csv.gz",
        "AWT/AWT{}.csv",
        "nceas/AWT/{}.csv",
    ],
)
def test_csv_in_every_layout_equals_parquet(
    nceas_folder, tmp_path, layout, monkeypatch
):
    for file in (nceas_folder / "AWT").glob("*.parquet"):
        kind = "_".join(file.stem.split("_")[:2])
        to = tmp_path / layout.format(file.stem, kind=kind)
        to.parent.mkdir(parents=True, exist_ok=True)
        pd.read_parquet(file).to_csv(to, index=False)
    monkeypatch.setenv("JAXSDM_DATA", str(tmp_path))
    for got, want in zip(
        nceas.load(region="AWT"), nceas.load(nceas_folder, "AWT"), strict=True
    ):
        same(got, want)


def test_csv_with_labels_equals_parquet(nceas_folder, tmp_path):
    (tmp_path / "NSW").mkdir()
    for file in (nceas_folder / "NSW").glob("*.parquet"):
        to = tmp_path / "NSW" / f"{file.stem}.csv"
        pd.read_parquet(file).to_csv(to, index=False)
    (got,) = nceas.load(tmp_path, group="reptile", region="NSW")
    (want,) = nceas.load(nceas_folder, group="reptile")
    same(got, want)


def test_a_path_may_start_at_home(nceas_folder, monkeypatch):
    monkeypatch.setenv("HOME", str(nceas_folder.parent))
    assert len(nceas.load("~/nceas", "SA")) == 1


def test_a_group_or_a_region_alone(nceas_folder):
    birds = [task.name for task in nceas.load(nceas_folder, group="bird")]
    assert birds == ["AWT-bird", "CAN-bird", "NSW-bird"]
    assert [task.name for task in nceas.load(nceas_folder, region="SA")] == ["SA-plant"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"region": "USA"},
            "no model of region 'USA' and group ''; the models are AWT-b",
        ),
        ({"region": "CAN", "group": "bat"}, "region 'CAN' and group 'bat'; .*SWI-tree"),
        ({"protocol": "own"}, "'own_survey' or 'reference', got 'own'"),
        ({"drop": ("nsw55", "nsw01")}, "drop names nsw55, which is no species"),
    ],
)
def test_unknown_names_list_the_known(options, said):
    with pytest.raises(ValueError, match=said):
        nceas.load("anywhere", **options)


def test_without_a_folder_the_message_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.delenv("JAXSDM_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=r"JAXSDM_DATA.*disdat.*osf\.io/kwc4v"):
        nceas.load()
    with pytest.raises(FileNotFoundError, match=r"no folder .*gone.*osf\.io/kwc4v"):
        nceas.load(tmp_path / "gone")
    with pytest.raises(
        FileNotFoundError,
        match=r"no table train_po of region CAN .*CAN/train_po\.parquet.*CANtrain_po",
    ):
        nceas.load(tmp_path, region="CAN")


@pytest.fixture
def small_copy(nceas_folder, tmp_path):
    shutil.copytree(nceas_folder / "SA", tmp_path / "SA")
    return tmp_path


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("train_po", "spid"),
        ("train_po", "sabio1"),
        ("train_bg", "sabio18"),
        ("test_env", "sabio5"),
        ("test_pa", "siteid"),
    ],
)
def test_an_absent_column_names_the_file(small_copy, table, column):
    file = small_copy / "SA" / f"{table}.parquet"
    pd.read_parquet(file).drop(columns=column).to_parquet(file)
    with pytest.raises(
        ValueError, match=rf"{table}\.parquet: no column {column}; the c"
    ):
        nceas.load(small_copy, "SA")


def test_surveys_in_another_order_are_refused(small_copy):
    file = small_copy / "SA" / "test_pa.parquet"
    pd.read_parquet(file)[::-1].to_parquet(file)
    with pytest.raises(
        ValueError, match=r"SA: the rows of test_env \(152\) and test_pa"
    ):
        nceas.load(small_copy, "SA")


def test_missing_predictors_are_dropped_on_request(small_copy):
    file = small_copy / "SA" / "train_bg.parquet"
    table = pd.read_parquet(file).astype({"sabio1": float})
    table.loc[[5, 17], "sabio1"] = np.nan
    table.to_parquet(file)
    (task,) = nceas.load(small_copy, "SA")
    with pytest.raises(
        ValueError, match=r"SA-plant background: .*'sabio1'.* 2 of 10000"
    ):
        task.checked()
    with pytest.warns(UserWarning, match="2 of 10000 rows dropped"):
        assert len(task.checked("drop").background) == 9998


def test_a_species_without_records_is_kept_and_told(small_copy):
    """It has a column in the survey: leaving it out in silence would flatter means."""
    file = small_copy / "SA" / "train_po.parquet"
    records = pd.read_parquet(file)
    records[records.spid != "sa07"].to_parquet(file)
    (task,) = nceas.load(small_copy, "SA")
    assert len(task.records.species) == 30
    assert task.records.counts[:, task.records.species.index("sa07")].sum() == 0
    assert "sa07" in task.surveys["plant"].species
