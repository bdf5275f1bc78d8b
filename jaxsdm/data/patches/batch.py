"""Makes the batch of a step: the function that a pipeline maps over step numbers."""

import collections
import concurrent.futures
import dataclasses
import functools
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxsdm.data.patches.augmentation import Augmentation
from jaxsdm.data.patches.device import DevicePatches
from jaxsdm.data.patches.file import FilePatches
from jaxsdm.data.patches.identity import inputs_record, samples_record
from jaxsdm.data.patches.order import BatchOrder, Rows
from jaxsdm.data.patches.places import Places, outside_of
from jaxsdm.data.patches.samples import Samples, rows_of
from jaxsdm.data.patches.source import PatchSource
from jaxsdm.data.patches.window import Window


@dataclasses.dataclass(frozen=True)
class Input:
    """One input of the model that is made of patches.

    Attributes:
      source: the raster. Of `DevicePatches`, batches hold `rows`, `columns` and
        `orientation` in place of values, for `take` inside the step.
      window: the patches. The same source may serve several inputs.
      jitter: in cells of this raster; that of the augmentation by default.
      validity: whether batches hold where values are valid, as input `{name}_valid`.
    """

    source: PatchSource | DevicePatches
    window: Window
    jitter: int | None = None
    validity: bool = True


class BatchMaker:
    """From the number of a step to its batch, or the part of it a process has.

    Args:
      groups: sets of samples by name.
      inputs: made of patches, by name.
      order: which samples come when.
      augmentation: of the patches; none by default.
      process: number of this process and of all processes.
      together: so many steps are read at once.
      mixed: whether batches say which set a sample is from.

    Raises:
      ValueError: if names clash or differ between the sets, places lie outside their
        raster, or a window that is not square is to be turned.
    """

    def __init__(
        self,
        groups: Mapping[str, Samples],
        inputs: Mapping[str, Input],
        order: BatchOrder,
        augmentation: Augmentation | None = None,
        process: tuple[int, int] = (0, 1),
        together: int = 1,
        mixed: bool = False,
    ) -> None:
        _check_names(groups, inputs)
        for group, samples in groups.items():
            _check_one_grid(inputs, group, samples)
        for name, one in inputs.items():
            if augmentation and augmentation.turns and not one.window.is_square:
                raise ValueError(
                    f"pipeline: patches of {one.window.shape[0]} x "
                    f"{one.window.shape[1]} cells ({name}) cannot make quarter turns; "
                    "use a square window, or Augmentation(turns=False)."
                )
            for group, samples in groups.items():
                _check_places(name, one, group, samples)
        rows = len(order.rows(0, *process).place)
        for name, one in inputs.items():
            if isinstance(one.source, FilePatches):
                cells = _cells(name, one.window, groups)
                one.source.warn_if_costly(*cells, one.window, rows * together)
        self.order, self.augmentation, self.process = order, augmentation, process
        self.together, self.mixed = together, mixed
        self.samples = tuple(groups.values())
        self.windows = {name: one.window for name, one in inputs.items()}
        self.jitters = {name: one.jitter for name, one in inputs.items()}
        self.sources = {
            name: None if isinstance(one.source, DevicePatches) else one.source
            for name, one in inputs.items()
        }
        self.validity = {name: one.validity for name, one in inputs.items()}
        self._inputs = inputs_record(
            self.windows,
            self.jitters,
            {name: one.source.shape for name, one in inputs.items()},
            {name: one.source.names for name, one in inputs.items()},
        )
        self._ids = tuple(_ids(samples) for samples in self.samples)
        self._start()

    def __call__(self, step: int) -> dict[str, Any]:
        """The batch of a step."""
        with self._running:
            self._busy += 1
        try:
            if self.together == 1:
                return self._make([self.order.rows(step, *self.process)])[0]
            return self._from_shared(step)
        finally:
            with self._running:
                self._busy -= 1
                self._running.notify_all()

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch."""
        return self.order.steps_per_epoch

    def about(self) -> dict[str, Any]:
        """What the batches depend on, but for the values of rasters and targets."""
        return {
            **self.order.about(),
            "augmentation": repr(self.augmentation),
            "inputs": self._inputs,
            "samples": self._digests,
        }

    @functools.cached_property
    def _digests(self) -> list[dict[str, Any]]:
        """Of all sets; made once, when first asked for: they read all places."""
        return [samples_record(one, self.windows) for one in self.samples]

    def wait(self) -> None:
        """Returns when no thread is at work on a batch; forgets what was read ahead."""
        with self._running:
            self._running.wait_for(lambda: not self._busy)
            self._shared.clear()

    def _make(self, steps: list[Rows]) -> list[dict[str, Any]]:
        """The batches of several steps, with one `take` for each input."""
        group = np.concatenate([rows.group for rows in steps])
        place = np.concatenate([rows.place for rows in steps])
        sample = np.concatenate([rows.sample for rows in steps])
        known = sample >= 0
        inputs: dict[str, Any] = {}
        for name in self.windows:
            inputs |= self._patches(name, steps, group, place)
        for name in self.samples[0].inputs:
            inputs[name] = self._lookup("inputs", name, group, place)
        targets = {
            name: self._lookup("targets", name, group, place)
            for name in self.samples[0].targets
        }
        weight = np.ones(len(place), np.float32)
        ids = np.empty(len(place), np.result_type(*(one.dtype for one in self._ids)))
        for number, samples in enumerate(self.samples):
            here = group == number
            ids[here] = self._ids[number][place[here]]
            if samples.weight is not None:
                weight[here] = samples.weight[place[here]]
        whole = {
            "inputs": inputs,
            "targets": targets,
            "weight": np.where(known, weight, np.float32(0)),
            "id": np.where(known, ids, ids.dtype.type(-1)),
        }
        if self.mixed:
            whole["source"] = group.astype(np.int32)
        size = len(steps[0].sample)
        return [
            _part(whole, slice(i * size, (i + 1) * size)) for i in range(len(steps))
        ]

    def _patches(
        self, name: str, steps: list[Rows], group: np.ndarray, place: np.ndarray
    ) -> dict[str, Any]:
        window = self.windows[name]
        cells = [np.empty(len(place), np.int64) for _ in range(2)]
        for number, samples in enumerate(self.samples):
            here = group == number
            for axis, numbers in enumerate(samples.places_of(name)):
                cells[axis][here] = window.cells(numbers[place[here]], axis=axis)
        orientation = np.zeros(len(place), np.int32)
        if self.augmentation:
            seed = self.order.seed
            samples_of = [(rows.epoch, np.maximum(rows.sample, 0)) for rows in steps]
            orientation = np.concatenate(
                [self.augmentation.orientation(seed, *one) for one in samples_of]
            )
            jitter = self.jitters[name]
            moved = [self.augmentation.shifts(seed, *one, jitter) for one in samples_of]
            for axis in range(2):
                cells[axis] += np.concatenate([one[axis] for one in moved])
        source = self.sources[name]
        if source is None:
            rows, columns = (numbers.astype(np.int32) for numbers in cells)
            places = {"rows": rows, "columns": columns, "orientation": orientation}
            return {name: places}
        taken = source.take(cells[0], cells[1], window, orientation)
        found = {name: taken.values}
        if self.validity[name]:
            found[f"{name}_valid"] = taken.valid
        return found

    def _lookup(
        self, kind: str, name: str, group: np.ndarray, place: np.ndarray
    ) -> np.ndarray:
        out: np.ndarray | None = None
        for number, samples in enumerate(self.samples):
            here = np.flatnonzero(group == number)
            if not len(here):
                continue
            rows = np.asarray(rows_of(getattr(samples, kind)[name], place[here]))
            if out is None:
                out = np.empty((len(place), *rows.shape[1:]), rows.dtype)
            if rows.shape != (len(here), *out.shape[1:]) or rows.dtype != out.dtype:
                raise ValueError(
                    f"pipeline: {kind} {name!r} of all sets of one shape and type, got "
                    f"{rows.dtype} of {rows.shape}, want {out.dtype} of "
                    f"{(len(here), *out.shape[1:])}."
                )
            out[here] = rows
        assert out is not None
        return out

    def _from_shared(self, step: int) -> dict[str, Any]:
        """The batch of a step, read with its neighbours by whoever comes first."""
        number, within = divmod(step, self.together)
        with self._running:
            mine = number not in self._shared
            if mine:
                self._shared[number] = concurrent.futures.Future()
                while len(self._shared) > 2:
                    self._shared.popitem(last=False)
            future = self._shared[number]
        if mine:
            try:
                first = number * self.together
                steps = range(first, first + self.together)
                rows = [self.order.rows(one, *self.process) for one in steps]
                future.set_result(self._make(rows))
            except BaseException as error:
                future.set_exception(error)
        return future.result()[within]

    def _start(self) -> None:
        self._running = threading.Condition()
        self._busy = 0
        self._shared: collections.OrderedDict[int, concurrent.futures.Future[Any]]
        self._shared = collections.OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        for name in ("_running", "_busy", "_shared"):
            del state[name]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()


def _part(tree: Any, rows: slice) -> Any:
    if isinstance(tree, dict):
        return {name: _part(one, rows) for name, one in tree.items()}
    return tree[rows]


def _ids(samples: Samples) -> np.ndarray:
    own = np.arange(len(samples)) if samples.id is None else np.asarray(samples.id)
    small = own.min() >= -(2**31) and own.max() < 2**31
    return own.astype(np.int32 if small else np.int64)


def _check_names(groups: Mapping[str, Samples], inputs: Mapping[str, Input]) -> None:
    first = next(iter(groups.values()))
    made = {f"{name}_valid" for name, one in inputs.items() if one.validity}
    clash = ({*inputs} | made) & {*first.inputs} | ({*inputs} & made)
    if clash:
        raise ValueError(f"pipeline: two inputs of one name: {sorted(clash)}.")
    for name, samples in groups.items():
        for kind in ("targets", "inputs"):
            own, want = set(getattr(samples, kind)), set(getattr(first, kind))
            if own != want:
                raise ValueError(
                    f"pipeline: {kind} of every set {sorted(want)}, got {sorted(own)} "
                    f"of {name!r}."
                )


def _check_places(name: str, one: Input, group: str, samples: Samples) -> None:
    places = samples.places_of(name)
    beyond = np.flatnonzero(outside_of(one.source.shape, places))
    if len(beyond):
        first = beyond[0]
        raise ValueError(
            f"pipeline: {len(beyond)} of {len(samples)} places of {group!r} lie outside"
            f" the raster of {name!r} ({one.source.shape[0]} x {one.source.shape[1]} "
            f"cells), the first at position {first}: row {places.rows[first]}, column "
            f"{places.columns[first]}. Leave them out: locate(..., outside='exclude') "
            "or samples.at(...)."
        )


def _check_one_grid(inputs: Mapping[str, Input], group: str, samples: Samples) -> None:
    """Places without names are cells of one grid, so all rasters have its size."""
    shapes = {name: one.source.shape for name, one in inputs.items()}
    if isinstance(samples.places, Places) and len(set(shapes.values())) > 1:
        sizes = ", ".join(f"{name} {a} x {b}" for name, (a, b) in shapes.items())
        raise ValueError(
            f"pipeline: {group!r} has places of one grid, and the rasters have several "
            f"({sizes} cells). Find the places in each, by the name of its input: "
            "locate({name: grid, ...}, ...)."
        )


def _cells(
    name: str, window: Window, groups: Mapping[str, Samples]
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the places of all sets."""
    places = [samples.places_of(name) for samples in groups.values()]
    rows = [window.cells(one.rows, axis=0) for one in places]
    columns = [window.cells(one.columns, axis=1) for one in places]
    return np.concatenate(rows), np.concatenate(columns)
