"""Tests for jaxsdm.mapping.writing."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import rasterio
import scipy.special

from jaxsdm.data.similarity import mess
from jaxsdm.mapping import write_maps, writing

GRID = ("EPSG:32631", (1000.0, 0.0, 500_000.0, 0.0, -1000.0, 5_624_000.0))


def read(path):
    with rasterio.open(path) as raster:
        return raster.read(1)


@pytest.fixture(scope="module")
def written(world, predict, tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    told = []
    done = write_maps(
        predict,
        world,
        folder,
        scale="presence_logit",
        tags={"MODEL": "linear"},
        progress=told.append,
    )
    assert told == sorted(told)
    assert told[-1] == 1
    return folder, done


def test_the_folder_holds_a_map_of_each_species_and_no_more(written):
    folder, done = written
    assert {file.name for file in folder.iterdir()} == {
        "species_01.tif", "species_02.tif", "species_03.tif",
        "maps.csv", "extrapolation.tif",
    }  # fmt: skip
    pd.testing.assert_frame_equal(
        pd.read_csv(folder / "maps.csv"), done.table, check_dtype=False
    )


def test_values_are_those_of_the_predictor_on_the_grid_of_the_task(
    world, predict, written
):
    folder, _ = written
    want = scipy.special.expit(predict(world.grid.sites, "grid"))
    for number, name in enumerate(world.records.species):
        got = read(folder / f"{name}.tif")
        np.testing.assert_allclose(
            got, world.grid.raster(want[:, number]), rtol=1e-5, atol=1e-7
        )
        with rasterio.open(folder / f"{name}.tif") as raster:
            assert raster.crs == rasterio.crs.CRS.from_user_input(GRID[0])
            assert tuple(raster.transform)[:6] == GRID[1]
            assert raster.descriptions == (name,)
            assert raster.tags()["OUTPUT"] == "probability"
            assert raster.tags()["MODEL"] == "linear"
            assert "sigmoid" in raster.tags()["MEANING"]


def test_the_table_tells_what_is_on_the_maps(world, predict, written):
    folder, done = written
    at_records = scipy.special.expit(predict(world.records, "records"))
    for number, row in enumerate(done.table.itertuples()):
        values = read(folder / row.file)
        values = values[np.isfinite(values)].astype(float)
        present = at_records[world.records.counts[:, number] > 0, number]
        assert row.sites == len(present)
        assert row.cells == len(values) == len(world.grid.sites)
        assert (row.min, row.max) == (values.min(), values.max())
        assert row.mean == pytest.approx(values.mean())
        assert (present < row.threshold * (1 - 1e-6)).sum() == int(len(present) / 10)
        assert row.share_above == pytest.approx((values >= row.threshold).mean())


def test_the_map_of_extrapolation_is_mess_of_the_cells(world, written):
    folder, done = written
    sites = world.grid.sites
    used = list(sites.predictors)
    found = mess(
        world.records.predictors[used], sites.predictors, categorical=["land_cover"]
    ).similarity
    np.testing.assert_allclose(
        read(folder / "extrapolation.tif"), world.grid.raster(found), rtol=1e-6
    )
    assert done.novel_share == pytest.approx((found < 0).mean())
    assert 0 < done.novel_share < 1


@pytest.mark.parametrize("window", [(1, 24), (7, 5)])
def test_windows_change_nothing(world, predict, written, tmp_path, window):
    folder, done = written
    again = write_maps(predict, world, tmp_path, scale="presence_logit", window=window)
    for file in (*done.table["file"], "extrapolation.tif"):
        np.testing.assert_allclose(
            read(tmp_path / file), read(folder / file), rtol=1e-6
        )
    pd.testing.assert_frame_equal(again.table, done.table)
    assert again.novel_share == pytest.approx(done.novel_share)


def test_several_passes_give_the_same_maps(
    world, predict, written, tmp_path, monkeypatch
):
    monkeypatch.setattr(writing, "_FILES_AT_ONCE", 2)
    folder, done = written
    told = []
    again = write_maps(
        predict, world, tmp_path, scale="presence_logit", progress=told.append
    )
    pd.testing.assert_frame_equal(again.table, done.table)
    for file in (*done.table["file"], "extrapolation.tif"):
        np.testing.assert_array_equal(read(tmp_path / file), read(folder / file))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


def test_clamping_keeps_predictors_in_the_range_of_the_records(
    world, predict, written, tmp_path
):
    write_maps(
        predict, world, tmp_path, scale="presence_logit", clamp=True,
        extrapolation=False,
    )  # fmt: skip
    assert not (tmp_path / "extrapolation.tif").exists()
    fitted, frame = world.records.predictors, world.grid.sites.predictors.copy()
    for name in world.continuous:
        frame[name] = frame[name].clip(fitted[name].min(), fitted[name].max())
    clamped = dataclasses.replace(world.grid.sites, predictors=frame)
    want = scipy.special.expit(predict(clamped, "clamped"))
    got = read(tmp_path / "species_01.tif")
    np.testing.assert_allclose(got, world.grid.raster(want[:, 0]), rtol=1e-5)
    plain = read(written[0] / "species_01.tif")
    changed = np.nanmax(np.abs(got - plain), initial=0)
    assert changed > 1e-3
    similar = read(written[0] / "extrapolation.tif") >= 0
    np.testing.assert_allclose(got[similar], plain[similar], rtol=1e-5)


def test_a_category_that_was_not_seen_has_no_value(world, predict, written, tmp_path):
    codes = world.grid.sites.predictors["land_cover"]
    lost = codes.mode()[0]

    def without(table):
        return table.take((table.predictors["land_cover"] != lost).to_numpy())

    task = dataclasses.replace(
        world, background=without(world.background), records=without(world.records)
    )
    number = int((codes == lost).sum())
    with pytest.warns(
        UserWarning, match=rf"^virtual: {number} cells have a category of land_cover "
    ) as told:
        done = write_maps(predict, task, tmp_path, scale="presence_logit")
    assert len(told) == 1
    hidden = world.grid.raster((codes == lost).to_numpy()) == 1
    got, plain = (read(one / "species_02.tif") for one in (tmp_path, written[0]))
    assert np.isnan(got[hidden]).all()
    np.testing.assert_allclose(got[~hidden], plain[~hidden], rtol=1e-6)
    assert (done.table["cells"] == len(codes) - number).all()
    assert (read(tmp_path / "extrapolation.tif")[hidden] == -100).all()


def test_maps_of_some_species_leave_the_others(world, predict, written, tmp_path):
    write_maps(predict, world, tmp_path, scale="presence_logit")
    (tmp_path / "species_01.tif").unlink()
    done = write_maps(
        predict, world, tmp_path, output="relative", species=["species_03"]
    )
    assert done.table["species"].tolist() == ["species_03"]
    kept = pd.read_csv(tmp_path / "maps.csv")
    assert kept["species"].tolist() == ["species_02", "species_03"]
    assert kept["output"].tolist() == ["probability", "relative"]
    assert np.nanmax(read(tmp_path / "species_03.tif")) > 1


def test_names_that_no_file_can_have(world, predict, tmp_path):
    names = ("Abies/alba", "abies alba", "../x")
    task = dataclasses.replace(
        world,
        records=dataclasses.replace(world.records, species=names),
        background=dataclasses.replace(world.background, species=names),
    )
    done = write_maps(predict, task, tmp_path / "maps", extrapolation=False)
    assert done.table["file"].tolist() == [
        "Abies_alba.tif",
        "abies_alba_2.tif",
        "x.tif",
    ]
    assert [file.name for file in tmp_path.iterdir()] == ["maps"]
    with rasterio.open(tmp_path / "maps" / "abies_alba_2.tif") as raster:
        assert raster.descriptions == ("abies alba",)


def test_an_interruption_leaves_what_was_there(world, predict, tmp_path):
    write_maps(predict, world, tmp_path, scale="presence_logit")
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}

    def stop(share):
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_maps(
            predict, world, tmp_path, output="relative", window=(5, 24), progress=stop
        )
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_species_without_records(world, predict, tmp_path):
    counts = world.records.counts.copy()
    counts[:, 1] = np.where(counts[:, 1] > 0, np.nan, 0)
    task = dataclasses.replace(
        world, records=dataclasses.replace(world.records, counts=counts)
    )
    with pytest.warns(UserWarning, match=r"no record to train on of species_02; 1 "):
        done = write_maps(predict, task, tmp_path, extrapolation=False)
    assert done.table["species"].tolist() == ["species_01", "species_03"]
    with pytest.raises(ValueError, match=r"species_02; there is nothing to map"):
        write_maps(predict, task, tmp_path / "none", species=["species_02"])
    assert not (tmp_path / "none").exists()


def test_what_is_refused_before_anything_is_written(world, predict, tmp_path):
    folder = tmp_path / "maps"
    with pytest.raises(
        ValueError, match=r"virtual has no species oak; it has species_01, species_02"
    ):
        write_maps(predict, world, folder, species=["oak"])
    with pytest.raises(ValueError, match=r"'share' is for species_logit"):
        write_maps(predict, world, folder, output="share")
    bare = dataclasses.replace(world, rasters={})
    with pytest.raises(ValueError, match=r"its dataset has none"):
        write_maps(predict, bare, folder)
    assert not folder.exists()
