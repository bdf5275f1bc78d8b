"""A GeoTIFF that lost its end is refused, wherever the cut is."""

import os

import numpy as np
import pytest

from jaxsdm.data.rasters import open_stack
from jaxsdm.data.rasters.tiff_directory import check_whole

rasterio = pytest.importorskip("rasterio")
shutil = pytest.importorskip("rasterio.shutil")

TILED = {"tiled": True, "blockxsize": 16, "blockysize": 16}

FILES = {
    "classic": {"ENDIANNESS": "LITTLE"},
    "classic, big-endian": {"ENDIANNESS": "BIG"},
    "BigTIFF": {"BIGTIFF": "YES", "ENDIANNESS": "LITTLE"},
    "BigTIFF, big-endian": {"BIGTIFF": "YES", "ENDIANNESS": "BIG"},
    "compressed tiles": {"compress": "deflate", **TILED},
    "planes": {"interleave": "band", "compress": "deflate", **TILED},
}


@pytest.fixture
def written(write_raster, tmp_path, request):
    """A file with all that its tags can tell, and where a part of it may be put."""
    options = request.param
    values = np.random.default_rng(0).integers(0, 100, (2, 8, 8)).astype(np.int16)
    values[:, 0] = -9999
    path = write_raster(
        "whole.tif",
        values,
        nodata=-9999,
        scales=[0.1, 1],
        offsets=[5.0, 0],
        descriptions=["forest", "water"],
        **{key.lower(): value for key, value in options.items()},
    )
    return path, tmp_path / "cut.tif"


def shrinking(path, content, least, most):
    """Cuts a file to every length below `most`, the longest first; gives the length."""
    path.write_bytes(content)
    for length in range(most - 1, least - 1, -1):
        os.truncate(path, length)
        yield length


@pytest.mark.parametrize("written", FILES.values(), ids=FILES, indirect=True)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_byte_that_is_missing_is_missed(written):
    path, cut = written
    with open(path, "rb") as file:
        content = file.read()
    with open_stack(path) as stack:
        assert stack.names == ("forest", "water")
        assert [band.scale for band in stack.bands] == [0.1, 1]
        assert stack.bands[0].nodata == -9999
    for length in shrinking(cut, content, 4, len(content)):
        with pytest.raises(OSError, match=f"cut.tif is truncated: it has {length} "):
            check_whole(str(cut))
    for length in (*range(4), 4, 9, len(content) // 2, len(content) - 1):
        cut.write_bytes(content[:length])
        with pytest.raises(OSError, match=r"cut\.tif"):
            open_stack(cut)


@pytest.mark.parametrize("written", [{"ENDIANNESS": "LITTLE"}], indirect=True)
def test_a_file_that_got_its_tags_later(written):
    """They lie at its end then, and so do the directories of its overviews."""
    path, cut = written
    with rasterio.open(path, "r+") as raster:
        raster.build_overviews([2])
        raster.nodata = -99
        raster.update_tags(note="x" * 50)
        raster.scales = (0.5, 0.25)
    with open_stack(path) as stack:
        want = [(one.name, one.scale, one.nodata) for one in stack.bands]
        values, _ = stack.load()
    with open(path, "rb") as file:
        content = file.read()
    lost = 0
    for _ in shrinking(cut, content, 8, len(content)):
        try:
            check_whole(str(cut))
        except OSError:
            lost += 1
            continue
        with open_stack(cut) as stack:  # what was overwritten may lie at the end
            assert [(one.name, one.scale, one.nodata) for one in stack.bands] == want
            np.testing.assert_array_equal(stack.load()[0], values)
    assert lost > len(content) - 20


@pytest.mark.parametrize("written", [TILED], indirect=True)
def test_a_cloud_optimised_file_gives_its_values_or_none(written):
    path, cut = written
    cog = path.replace("whole", "cog")
    shutil.copy(path, cog, driver="COG")
    with open_stack(cog) as stack:
        values, _ = stack.load()
    with open(cog, "rb") as file:
        content = file.read()
    check_whole(cog)
    # The last 4 bytes of a block repeat others.
    for _ in shrinking(cut, content, 4, len(content) - 4):
        with pytest.raises(OSError, match="truncated"):
            check_whole(str(cut))
    cut.write_bytes(content[:-1])
    with open_stack(cut) as stack:
        np.testing.assert_array_equal(stack.load()[0], values)


def test_blocks_without_data_take_no_place(write_raster, tmp_path):
    path = write_raster("full.tif", np.ones((64, 64), np.uint8))
    with rasterio.open(path) as raster:
        profile = raster.profile | {"SPARSE_OK": True}
    with rasterio.open(tmp_path / "empty.tif", "w", **profile):
        pass
    with open_stack(tmp_path / "empty.tif") as stack:
        assert (stack.load()[0] == 0).all()


def test_what_is_no_tiff_passes(tmp_path):
    for content in (b"", b"II", b"II*", b"MM\0\0aaaa", b"x,y\n1,2\n"):
        (tmp_path / "a.tif").write_bytes(content)
        check_whole(str(tmp_path / "a.tif"))


def test_directories_in_a_circle_end(tmp_path):
    circle = b"II*\0\x08\0\0\0" + b"\0\0" + b"\x08\0\0\0"
    (tmp_path / "a.tif").write_bytes(circle)
    check_whole(str(tmp_path / "a.tif"))
