"""What a config says of patches (`config.patches`), joined with the task's rasters."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Bool, Float32
from ml_collections import ConfigDict

from jaxsdm.data import RasterGrid, RasterStack, SiteTable, Task
from jaxsdm.data.patches import (
    Augmentation,
    DevicePatches,
    FilePatches,
    Input,
    MemoryPatches,
    PatchSource,
    Places,
    Samples,
    Window,
    locate,
)
from jaxsdm.data.patches.batch import BatchMaker
from jaxsdm.data.patches.order import BatchOrder
from jaxsdm.data.prepared import Prepared
from jaxsdm.registry import choose
from jaxsdm.training.patch_input import TIERS, PatchInput

_AT_ONCE = 1024


@dataclasses.dataclass(frozen=True, eq=False)
class SitePatches:
    """The patch inputs of a task, and where its sites lie in their rasters.

    Attributes:
      inputs: of the model, perhaps none.
      grids: of the rasters, by their name.
      openers: of the rasters, by their name.
    """

    inputs: tuple[PatchInput, ...] = ()
    grids: Mapping[str, RasterGrid] = dataclasses.field(default_factory=dict)
    openers: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def places(self, table: SiteTable, name: str) -> dict[str, Places]:
        """The places of the sites of a table, by the name of the input.

        Args:
          table: of sites, with a CRS or in that of the rasters.
          name: of the table, for the error.

        Raises:
          ValueError: a site lies outside a raster.
        """
        found = {}
        for one in self.inputs:
            grid = self.grids[one.raster]
            exact = one.window.convention == "point"
            found[one.name] = _located(one.raster, grid, table, name, exact)
        return found

    def batches(
        self,
        sources: Mapping[str, PatchSource | DevicePatches],
        places: Mapping[str, Places],
        order: BatchOrder,
        augmentation: Augmentation | None = None,
        process: tuple[int, int] = (0, 1),
    ) -> BatchMaker:
        """From the number of a step of an order to the patches of its sites.

        Args:
          sources: what `open` gives.
          places: of the sites, by the name of the input.
          order: of the sites.
          augmentation: see `BatchMaker`.
          process: see `BatchMaker`.
        """
        inputs = {one.name: Input(sources[one.name], one.window) for one in self.inputs}
        samples = {"sites": Samples(dict(places))}
        return BatchMaker(samples, inputs, order, augmentation, process)

    @contextlib.contextmanager
    def open(
        self, mesh: Mesh | None = None
    ) -> Iterator[dict[str, PatchSource | DevicePatches]]:
        """The sources of the inputs, by the name of the input, closed at the end.

        Args:
          mesh: a raster on the accelerator is whole on each of its devices; on the
            default device without it.
        """
        with contextlib.ExitStack() as stack:
            opened: dict[tuple[str, str], PatchSource | DevicePatches] = {}
            extents: dict[str, int] = {}
            for one in self.inputs:
                extent = max(one.window.extent)
                extents[one.raster] = max(extents.get(one.raster, 0), extent)
            for one in self.inputs:
                key = one.raster, one.tier
                if key not in opened:
                    raster = stack.enter_context(_closing(self.openers[one.raster]()))
                    opened[key] = _source(raster, one.tier, extents[one.raster], mesh)
                    stack.callback(opened[key].close)
            yield {one.name: opened[one.raster, one.tier] for one in self.inputs}


def make_site_patches(
    task: Task, config: ConfigDict
) -> tuple[SitePatches, dict[str, Bool[np.ndarray, " sites"]]]:
    """Reads what a config says of patches, and the own cells of the training sites.

    Returns:
      The inputs, encoded by the background cells; and which sites of `"records"` and
      of `"background"` lie in cells in which no band of some raster has a value.

    Raises:
      ValueError: an unknown raster, tier or field, a wrong size, a site outside the
        raster, or a band without a value in any background cell.
    """
    tables = {"background": task.background, "records": task.records}
    empty = {name: np.zeros(len(table), bool) for name, table in tables.items()}
    inputs, grids, openers, read = [], {}, {}, {}
    for name, fields in config.patches.items():
        label = f"config.patches.{name}"
        if fields.tier not in TIERS:
            raise ValueError(
                f"{label}.tier is {fields.tier!r}; known: {', '.join(TIERS)}."
            )
        if not task.rasters:
            raise ValueError(f"{label}: the dataset of {task.name} has no rasters.")
        opener = choose(task.rasters, fields.raster, f"raster ({label}.raster)")
        try:
            window = Window(_sizes(fields.size), _sizes(fields.step), fields.convention)
        except ValueError as error:
            raise ValueError(f"{label}: {error}") from error
        if fields.raster not in read:
            with (
                _closing(opener()) as raster,
                contextlib.closing(_streamed(raster)) as source,
            ):
                cells = {}
                for part, table in tables.items():
                    where = f"{task.name} {part}"
                    places = _located(
                        fields.raster, raster.grid, table, where, exact=False
                    )
                    cells[part] = _own_cells(source, places)
                    empty[part] |= ~cells[part][1].any(axis=1)
                read[fields.raster] = raster.bands, *cells["background"]
                grids[fields.raster], openers[fields.raster] = raster.grid, opener
        fitted = PatchInput.fit(
            name, fields.raster, fields.tier, window, *read[fields.raster]
        )
        inputs.append(fitted)
    return SitePatches(tuple(inputs), grids, openers), empty


def _located(
    raster: str, grid: RasterGrid, table: SiteTable, name: str, exact: bool
) -> Places:
    try:
        found = locate(
            {raster: grid}, x=table.x, y=table.y, crs=table.crs or None, exact=exact
        )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    assert not isinstance(found.places, Places)
    return found.places[raster]


def _own_cells(
    source: PatchSource, places: Places
) -> tuple[Float32[np.ndarray, "sites band"], Bool[np.ndarray, "sites band"]]:
    """Values and validity in the cells of sites, read in the order of the raster."""
    shape = (len(places.rows), len(source.names))
    values, valid = np.empty(shape, np.float32), np.empty(shape, bool)
    order = np.lexsort((places.columns, places.rows))
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        taken = source.take(places.rows[some], places.columns[some], Window(1))
        values[some] = np.asarray(taken.values)[:, 0, 0]
        valid[some] = np.asarray(taken.valid)[:, 0, 0]
    return values, valid


def _source(
    raster: RasterStack | Prepared, tier: str, extent: int, mesh: Mesh | None
) -> PatchSource | DevicePatches:
    if tier == "stream":
        return _streamed(raster)
    if isinstance(raster, RasterStack):
        source = MemoryPatches.from_stack(raster)
    else:
        prepared = raster.patches()
        if not isinstance(prepared, MemoryPatches):
            raise ValueError(
                f"{raster.folder} is a store for rasters larger than memory: use "
                'tier="stream", or prepare it as a memory map (--layout=memmap).'
            )
        source = prepared
    if tier == "memory":
        return source
    whole = None if mesh is None else NamedSharding(mesh, PartitionSpec())
    return DevicePatches.from_memory(source, margin=extent, sharding=whole)


def _streamed(raster: RasterStack | Prepared) -> PatchSource:
    return FilePatches(raster) if isinstance(raster, RasterStack) else raster.patches()


def _closing(raster: RasterStack | Prepared) -> contextlib.AbstractContextManager[Any]:
    """A prepared raster holds nothing open."""
    if isinstance(raster, RasterStack):
        return raster
    return contextlib.nullcontext(raster)


def _sizes(value: Any) -> Any:
    """One number, or two: a config read from JSON has a list of them."""
    return tuple(value) if isinstance(value, list | tuple) else value
