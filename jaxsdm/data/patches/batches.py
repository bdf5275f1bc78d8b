"""Grain pipelines of patches: batches of indices are shuffled, not patches.

An element of the pipeline is the number of a step; everything else follows from it
(`order`, `augmentation`). Grain runs ahead in threads or in processes. All that a
checkpoint has to hold is the number of the step.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from jaxsdm.data.closing import Closing
from jaxsdm.data.patches.augmentation import Augmentation
from jaxsdm.data.patches.batch import BatchMaker, Input
from jaxsdm.data.patches.order import Order
from jaxsdm.data.patches.samples import Samples

_WITHOUT_END = 2**40
"""Steps of a pipeline that goes on for ever."""

_NEVER_SHARED = 2**62
"""Bytes of an array from which workers put it into shared memory."""

_WORKER_ARRAYS = 2**28
"""Bytes in memory that a worker process may get a copy of."""


def pipeline(
    samples: Samples | Mapping[str, Samples],
    inputs: Mapping[str, Input],
    *,
    batch_size: int,
    seed: int = 0,
    epochs: int | None = None,
    epoch_size: int | None = None,
    rates: Mapping[str, float] | None = None,
    shuffle: bool = True,
    augmentation: Augmentation | None = None,
    process_index: int | None = None,
    process_count: int | None = None,
    threads: int = 2,
    ahead: int = 4,
    workers: int = 0,
    together: int = 1,
) -> "Batches":
    """Batches of patches with their targets, in an order that follows from the seed.

    A batch is `{"inputs": {name: array}, "targets": {name: array}, "weight": [batch],
    "id": [batch]}`, NumPy arrays, the first axis of all being the samples. The last
    batch of an epoch is filled up with a sample of it, with weight 0 and id -1. With
    several sets of samples, `"source"` says which of them a sample is from.

    Args:
      samples: what is drawn; or several sets by name, mixed in every batch.
      inputs: made of patches, by name.
      batch_size: samples a step, over all processes.
      seed: of order, drawing and augmentation, from 0.
      epochs: how many; without end by default.
      epoch_size: samples of an epoch; as many as there are places by default.
      rates: share of each set in a batch, in relation to the others. Every set runs
        through its own places, all of them before one comes again.
      shuffle: a new order in each pass.
      augmentation: flips, turns and jitter; none by default.
      process_index: of the process whose rows these are; that of JAX by default.
      process_count: as above.
      threads: that make batches, in this process; 0 makes them when they are asked for.
      ahead: batches made before they are asked for.
      workers: processes that make batches. Threads are faster for arrays in memory
        (a batch need not be sent); processes help where decoding holds the interpreter.
      together: steps that read their patches at once: of `FilePatches`, more patches
        then share a block, for the memory of so many batches.

    Raises:
      ModuleNotFoundError: if Grain is not installed; names the extra.
      ValueError: on wrong numbers, names that clash or are unknown, or places outside
        the raster; the message counts them.

    Warns:
      UserWarning: if patches of `FilePatches` decode many times what they use
        (`FilePatches.warn_if_costly`); names the command that prepares the rasters.
    """
    mixed = not isinstance(samples, Samples)
    groups = dict(samples) if isinstance(samples, Mapping) else {"samples": samples}
    if not groups or not (inputs or all(one.inputs for one in groups.values())):
        raise ValueError("pipeline: at least one set of samples and one input.")
    if rates is not None and set(rates) != set(groups):
        raise ValueError(
            f"pipeline: rates for {sorted(groups)}, got some for {sorted(rates)}."
        )
    numbers = {"threads": threads, "ahead": ahead, "workers": workers}
    if min(numbers.values()) < 0 or together < 1 or seed < 0:
        raise ValueError(
            f"pipeline: {', '.join(numbers)} and seed from 0 and together from 1, got "
            f"{', '.join(map(str, numbers.values()))}, {seed} and {together}."
        )
    if workers and together > 1:
        raise ValueError(
            "pipeline: together is for threads; of workers each would read all."
        )
    order = Order(
        tuple(len(one) for one in groups.values()),
        batch_size,
        seed,
        None if rates is None else tuple(float(rates[name]) for name in groups),
        epoch_size,
        shuffle,
        tuple(one.sampling for one in groups.values()),
    )
    process = _process(process_index, process_count)
    maker = BatchMaker(groups, inputs, order, augmentation, process, together, mixed)
    if workers:
        _check_sent(maker)
    steps = _WITHOUT_END if epochs is None else epochs * order.steps_per_epoch
    return Batches(maker, steps, threads, ahead, workers)


@runtime_checkable
class Maker(Protocol):
    """What `Batches` runs through: `BatchMaker`, or several of them together.

    Attributes:
      together: steps that are read at once.
    """

    together: int

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch."""

    def about(self) -> dict[str, Any]:
        """What the batches depend on, but for their arrays (JSON)."""

    def __call__(self, step: int) -> Any:
        """The batch of a step."""

    def wait(self) -> None:
        """Returns when no thread is at work on a batch."""


class Batches(Closing):
    """Iterator over batches, from where its state says; `with` closes it after use.

    Args:
      maker: of the batches.
      steps: how many.
      threads: see `pipeline`.
      ahead: see `pipeline`.
      workers: see `pipeline`.
      step: number of the first batch.

    Attributes:
      step: the number of the next batch.
    """

    def __init__(
        self,
        maker: Maker,
        steps: int,
        threads: int,
        ahead: int,
        workers: int,
        step: int = 0,
    ) -> None:
        self._grain = _grain()
        self._maker, self._steps = maker, steps
        self._threads, self._ahead, self._workers = threads, ahead, workers
        self._iterator: Any = None
        self._closed = False
        self.step = step

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch."""
        return self._maker.steps_per_epoch

    @property
    def epoch(self) -> int:
        """Number of the epoch that the next batch is from."""
        return self.step // self.steps_per_epoch

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._closed:
            raise ValueError("Batches: already closed.")
        if self.step >= self._steps:
            raise StopIteration
        if self._iterator is None:
            self._iterator = self._open()
        try:
            batch = next(self._iterator)
        except BaseException:
            self._stop()  # so that this very step can be tried again
            raise
        self.step += 1
        return batch

    def get_state(self) -> dict[str, Any]:
        """Where it stands, for a checkpoint (JSON)."""
        return {"step": self.step, "about": self._maker.about()}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state, perhaps of another number of workers or processes.

        Raises:
          ValueError: if it is no state, or that of a pipeline with other batches;
            names what differs.
        """
        step, about = state.get("step"), state.get("about")
        if not isinstance(step, int) or step < 0 or not isinstance(about, Mapping):
            raise ValueError(
                "Batches: a state is what get_state gives, with 'step' (a number from "
                f"0) and 'about'; got {dict(state)!r:.200}."
            )
        saved, own = dict(about), self._maker.about()
        differing = [
            f"{name}: saved {saved.get(name)}, now {own.get(name)}"
            for name in sorted({*saved, *own})
            if saved.get(name) != own.get(name)
        ]
        if differing:
            raise ValueError(
                f"Batches: the state is of other batches. {'; '.join(differing)}."
            )
        self._stop()
        self.step = step

    def close(self) -> None:
        """Ends threads and workers, once they are idle; sources stay open."""
        self._stop()
        self._closed = True

    def _open(self) -> Any:
        grain = self._grain
        threads, ahead = min(self._threads, self._ahead), self._ahead
        if threads and self._maker.together > 1:  # most of them wait for the reader
            threads = max(threads, self._maker.together + 1)
            ahead = max(ahead, 2 * self._maker.together)
        options = grain.ReadOptions(
            num_threads=threads, prefetch_buffer_size=ahead if threads else 0
        )
        steps = grain.MapDataset.range(self.step, self._steps).map(self._maker)
        batches = steps.to_iter_dataset(options)
        if self._workers:
            _let_workers_start()
            # Through a pipe: Grain frees shared memory in a thread that ends with the
            # program, which then leaves up to 50 arrays of it behind.
            options = grain.experimental.DatasetOptions(min_shm_size=_NEVER_SHARED)
            batches = grain.experimental.WithOptionsIterDataset(batches, options)
            batches = batches.mp_prefetch(
                grain.MultiprocessingOptions(
                    num_workers=self._workers,
                    per_worker_buffer_size=max(1, self._ahead // self._workers),
                )
            )
        return iter(batches)

    def _stop(self) -> None:
        iterator, self._iterator = self._iterator, None
        if iterator is not None:
            iterator.close()
            self._maker.wait()


def _grain() -> Any:
    try:
        import grain
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Pipelines of patches need grain: pip install 'jaxsdm[data]'.",
            name="grain",
        ) from error
    return grain


def _process(index: int | None, count: int | None) -> tuple[int, int]:
    if (index is None) != (count is None):
        raise ValueError("pipeline: process_index and process_count, both or neither.")
    if index is None or count is None:
        import jax

        return jax.process_index(), jax.process_count()
    return index, count


def _let_workers_start() -> None:
    """Grain reads a flag of absl, which raises in programs that do not use `app.run`.

    google/grain#1355; parsing again later, as `app.run` does, still works.
    """
    from absl import flags

    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()


def _check_sent(maker: BatchMaker) -> None:
    for name, source in maker.sources.items():
        held = getattr(source, "nbytes", 0)
        if held > _WORKER_ARRAYS:
            raise ValueError(
                f"pipeline: each worker would get its own copy of {held / 1e9:.1f} GB "
                f"in memory, of input {name!r}. Save them with numpy.save and give "
                "the path to MemoryPatches, or use threads (workers=0)."
            )
