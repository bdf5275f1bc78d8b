"""Maps as cloud-optimised GeoTIFFs, written window by window.

GDAL writes a cloud-optimised file from a finished one only. So windows go into a plain
tiled file in a folder of unfinished work, which is then copied, compressed and given
overviews there, and moved to its name: a reader meets the old map or the new one.
"""

import contextlib
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32

from jaxsdm.data import RasterGrid
from jaxsdm.data.closing import Closing
from jaxsdm.data.rasters.optional import optional
from jaxsdm.mapping.area import TILE, Window

_UNFINISHED = ".unfinished-"


@contextlib.contextmanager
def unfinished_work(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """A folder in `folder` for files that are not finished, removed in the end.

    What a writing that was killed left there goes too. Another writing into `folder`
    that is still at work then fails, and leaves no map half written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=folder) as work:
        yield pathlib.Path(work)


class MapFile(Closing):
    """One band of float32 on a grid, NaN where there is no value.

    Leaving a `with` block closes it; only `publish` puts it in its place.

    Args:
      path: where it will be.
      grid: coordinate system, transform and size.
      work: folder of unfinished work, on the same file system as `path`.
      description: of the band.
      tags: name -> text, kept in the file.
    """

    def __init__(
        self,
        path: pathlib.Path,
        grid: RasterGrid,
        work: pathlib.Path,
        description: str,
        tags: Mapping[str, str],
    ) -> None:
        self.path = path
        self._plain = work / f"plain-{path.name}"
        rasterio = optional("rasterio")
        self._raster: Any = rasterio.open(
            self._plain,
            "w",
            driver="GTiff",
            height=grid.height,
            width=grid.width,
            count=1,
            dtype="float32",
            crs=grid.crs,
            transform=rasterio.Affine(*grid.transform),
            nodata=np.nan,
            tiled=True,
            blockxsize=TILE,
            blockysize=TILE,
            sparse_ok=True,  # no disk for tiles of sea
            bigtiff="if_safer",
        )
        self._raster.set_band_description(1, description)
        self._raster.update_tags(**tags)

    def write(self, window: Window, values: Float32[np.ndarray, "y x"]) -> None:
        """Writes a window."""
        row, column, height, width = window
        where = optional("rasterio.windows").Window(column, row, width, height)
        self._raster.write(values, 1, window=where)

    def close(self) -> None:
        """Closes the plain file; nothing is at the path of the map yet."""
        self._raster.close()

    def publish(self) -> None:
        """Puts the finished map in its place."""
        self.close()
        finished = self._plain.with_name(f"finished-{self.path.name}")
        optional("rasterio.shutil").copy(
            self._plain,
            finished,
            driver="COG",
            COMPRESS="DEFLATE",
            LEVEL="1",  # a third faster than 6, and 3 % larger
            PREDICTOR="FLOATING_POINT",
            OVERVIEW_RESAMPLING="AVERAGE",  # the usual cubic leaves the range of values
            BIGTIFF="IF_SAFER",
            NUM_THREADS="ALL_CPUS",
        )
        self._plain.unlink()
        os.replace(finished, self.path)
