"""Speed and memory of the losses, beside other formulations of the same work.

    python benchmarks/losses.py                          every case
    python benchmarks/losses.py --only top_k_hinge --rounds 9
    python benchmarks/losses.py --quick                  the first row of each case

Contenders of a row run in alternating rounds in this process. The tables show

* the median time, of loss and gradient with random numbers if the case has them;
* the extra memory at its peak, results included, arguments not: of each contender
  alone in a fresh process, by what the process (on a GPU: the allocator) then holds;
* "temp MB", the compiler's own number for ours, results not included;
* "% of copy": the time to read the logits and write the result once at the rate at
  which this machine copies memory, as a share of our time.

Ratios are of the other to ours. Times are of the machine it runs on, which should do
nothing else meanwhile. A GPU is used if JAX sees one. PyTorch is the extra `peers`;
without it its columns are left out. `--output FILE` writes all numbers as JSON.

To add a case, write a generator of `Row`s and name it in CASES.
"""

import argparse
import ctypes
import glob
import importlib.util
import itertools
import os
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import reporting

Call = Callable[[], Any]

# So that what a program frees goes back to the system, and its peak is its own
# (mallopt(3)); and that JAX leaves PyTorch its part of a GPU.
_FRESH = {
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}


class Row(NamedTuple):
    """The same work by several contenders.

    Attributes:
      settings: what tells it from the other rows of its case.
      contenders: what makes each ready to run, ours first. Running gives its results
        once they are there.
      moved: bytes of the logits read and the result written.
      check: raises AssertionError where the results of all contenders do not agree.
    """

    settings: str
    contenders: Mapping[str, Callable[[], Any]]
    moved: int
    check: Callable[..., None] | None = None


class Compiled(NamedTuple):
    """A program of JAX with its arguments on the device."""

    program: Any
    arguments: tuple[Any, ...]

    def __call__(self) -> Any:
        """Its results, once they are there."""
        import jax

        return jax.block_until_ready(self.program(*self.arguments))

    @property
    def megabytes(self) -> float:
        """Of what it needs beside arguments and results."""
        return self.program.memory_analysis().temp_size_in_bytes / 1e6


def top_k_hinge() -> Iterator[Row]:
    """The stochastic top-K hinge; theirs: `randn`, `kthvalue` and a one-hot table."""
    for batch, species, k, draws in (
        (256, 1_000, 5, 5),
        (256, 10_000, 5, 5),
        (256, 10_000, 20, 5),
        (256, 10_000, 50, 5),
        (256, 10_000, 5, 20),
        (256, 10_000, 5, 50),
        (64, 100_000, 5, 5),
    ):
        examples = _examples(batch, species)
        contenders = {
            "jaxsdm": partial(_stochastic, examples, k=k, draws=draws),
            "PyTorch": partial(_peer, "top_k_hinge", *examples, k=k, draws=draws),
        }
        yield Row(
            f"({batch}, {species}) K={k}, {draws} draws",
            contenders,
            2 * examples[0].nbytes,
        )


def expected_top_k_hinge() -> Iterator[Row]:
    """The top-K hinge without noise, beside 5 and 50 draws of the stochastic one."""
    from jaxsdm.losses import expected_top_k_hinge

    k = 5
    for batch, species, epsilon in (
        (256, 1_000, 1.0),
        (256, 1_000, 0.01),
        (256, 10_000, 1.0),
        (256, 10_000, 0.01),
    ):
        examples = _examples(batch, species)
        ours = _mean(expected_top_k_hinge, k=k, epsilon=epsilon)
        contenders = {"jaxsdm": partial(_with_gradient, ours, *examples)}
        for draws in (5, 50):
            contenders[f"{draws} draws"] = partial(
                _stochastic, examples, k=k, draws=draws, epsilon=epsilon
            )
        yield Row(
            f"({batch}, {species}) K={k}, epsilon {epsilon}",
            contenders,
            2 * examples[0].nbytes,
        )


def smooth_top_k_svm() -> Iterator[Row]:
    """The smooth top-K SVM; theirs: polynomials by divide and conquer in log space.

    "PyTorch" has the gradient by hand, "autograd" by automatic differentiation.
    """
    from jaxsdm.losses import smooth_top_k_svm

    for batch, species, k, tau in (
        (256, 1_000, 5, 1.0),
        (256, 1_000, 20, 1.0),
        (256, 10_000, 5, 1.0),
        (256, 10_000, 5, 0.1),
        (256, 10_000, 20, 1.0),
        (256, 10_000, 20, 0.1),
        (32, 100_000, 5, 1.0),
    ):
        examples = _examples(batch, species)
        ours = _mean(smooth_top_k_svm, k=k, tau=tau)
        contenders = {
            "jaxsdm": partial(_with_gradient, ours, *examples),
            "PyTorch": partial(_peer, "smooth_top_k_svm", *examples, k=k, tau=tau),
            "autograd": partial(
                _peer, "smooth_top_k_svm", *examples, k=k, tau=tau, automatic=True
            ),
        }
        yield Row(
            f"({batch}, {species}) K={k}, tau {tau:g}",
            contenders,
            2 * examples[0].nbytes,
            _close,
        )


def average_k_cut() -> Iterator[Row]:
    """The cut of a whole batch, beside selections in the flattened scores."""
    from jaxsdm.losses import average_k_threshold

    def ours(scores):
        return average_k_threshold(scores, k)

    def flat(scores):
        import jax

        best, _ = jax.lax.top_k(scores.reshape(-1), k * len(scores) + 1)
        best = jax.lax.optimization_barrier(best)  # else a sort (jaxsdm/ops/top_k.py)
        return (best[-2] + best[-1]) / 2

    k = 5
    for batch, species in ((256, 1_000), (256, 10_000), (64, 100_000)):
        scores = np.exp(_examples(batch, species)[0])
        scores /= scores.sum(1, keepdims=True)
        contenders = {
            "jaxsdm": partial(_compiled, ours, scores),
            "lax.top_k": partial(_compiled, flat, scores),
            "PyTorch": partial(_peer, "flat_cut", scores, number=k * batch),
        }
        yield Row(f"({batch}, {species}) K={k}", contenders, scores.nbytes, _equal)


def average_k_labels() -> Iterator[Row]:
    """The pseudo-labels of a batch; theirs: `topk` of the flattened log-softmax."""
    from jaxsdm.losses import average_k_pseudo_labels

    def ours(logits, labels):
        return average_k_pseudo_labels(logits, labels, k=k, rule="exact")

    k = 5
    for batch, species in ((256, 1_000), (256, 10_000), (64, 100_000)):
        examples = _examples(batch, species)
        contenders = {
            "jaxsdm": partial(_compiled, ours, *examples),
            "PyTorch": partial(_peer, "flat_labels", *examples, k=k),
        }
        moved = examples[0].nbytes + examples[0].size
        yield Row(f"({batch}, {species}) K={k}", contenders, moved, _same_sets)


CASES: dict[str, Callable[[], Iterator[Row]]] = {
    "top_k_hinge": top_k_hinge,
    "expected_top_k_hinge": expected_top_k_hinge,
    "smooth_top_k_svm": smooth_top_k_svm,
    "average_k_cut": average_k_cut,
    "average_k_labels": average_k_labels,
}


def main() -> None:
    """Runs the cases that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--rounds", type=int, default=7, help="alternating rounds")
    parser.add_argument("--cores", type=int, default=2, help="for each contender")
    parser.add_argument("--quick", action="store_true", help="first rows, 1 round")
    parser.add_argument("--output", help="JSON file of all numbers")
    parser.add_argument("--peak", nargs=3, help=argparse.SUPPRESS)  # see _fresh_peak
    options = parser.parse_args()
    _start(options.cores)
    if options.peak:
        case, row, contender = options.peak
        print(_peak(_nth(case, int(row)).contenders[contender]()))
        return

    import jax

    theirs = _theirs()
    rate = _copy_rate()
    device = jax.devices()[0].device_kind
    reporting.warn_if_busy()
    print(f"{device}, {options.cores} cores: copies {rate / 1e9:.1f} GB a second.")
    results: dict[str, Any] = {"device": device, "copy_bytes_per_second": rate}
    for case in options.only:
        rows = []
        for number, row in enumerate(CASES[case]()):
            names = [one for one in row.contenders if one not in _THEIRS or theirs]
            found = _timed(row, names, 1 if options.quick else options.rounds)
            for name in names:
                found[f"{name} MB"] = _fresh_peak(options, case, number, name)
            found["temp MB"] = found.pop("temp MB")  # beside the other megabytes
            found["% of copy"] = 100 * row.moved / rate / (found["jaxsdm ms"] / 1e3)
            rows.append({"shape": row.settings, **found})
            print(".", end="", file=sys.stderr, flush=True)
            if options.quick:
                break
        columns = list(rows[0])
        reporting.show(
            f"{case}, float32", columns, [list(row.values()) for row in rows]
        )
        results[case] = rows
    reporting.write_json(options.output, results)


_THEIRS = ("PyTorch", "autograd")
"""Contenders that need PyTorch."""


def _start(cores: int) -> None:
    """What must be set before JAX and PyTorch are imported."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if not (glob.glob("/dev/nvidia[0-9]*") or os.path.exists("/dev/kfd")):
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def _theirs() -> bool:
    """Whether PyTorch takes part; says why not."""
    import jax

    if importlib.util.find_spec("torch") is None:
        print("Without PyTorch: pip install 'jaxsdm[peers]' for its columns.")
        return False
    import torch

    if (jax.default_backend() == "gpu") == torch.cuda.is_available():
        return True
    print("Without PyTorch: only one of JAX and PyTorch would run on the GPU.")
    return False


def _peer(name: str, *arguments: np.ndarray, **options: Any) -> Call:
    """A program of PyTorch, on as many threads as there are cores."""
    import peer_losses
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    return getattr(peer_losses, name)(*arguments, **options)


def _examples(batch: int, species: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal logits and labels."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(batch, species)).astype(np.float32)
    return logits, rng.integers(0, species, batch, dtype=np.int32)


def _stochastic(examples, *, k: int, draws: int, epsilon: float = 1.0) -> Compiled:
    import jax

    from jaxsdm.losses import stochastic_top_k_hinge

    loss = _mean(stochastic_top_k_hinge, k=k, num_samples=draws, epsilon=epsilon)
    return _with_gradient(loss, *examples, jax.random.key(1))


def _mean(loss: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    return lambda *arguments: loss(*arguments, **options).mean()


def _with_gradient(loss: Callable[..., Any], *arguments: Any) -> Compiled:
    import jax

    return _compiled(jax.value_and_grad(loss), *arguments)


def _compiled(function: Callable[..., Any], *arguments: Any) -> Compiled:
    import jax

    held = jax.device_put(arguments)
    return Compiled(jax.jit(function).lower(*held).compile(), held)


def _timed(row: Row, names: Sequence[str], rounds: int) -> dict[str, float]:
    """Times, ratios and the compiler's memory of one row, after its check."""
    runs: dict[str, Any] = {name: row.contenders[name]() for name in names}
    if row.check and len(runs) > 1:
        row.check(*(_arrays(run()) for run in runs.values()))
    times = dict(zip(names, _alternate(rounds, *runs.values()), strict=True))
    first, *others = names
    found = {f"{name} ms": taken for name, taken in times.items()}
    for name in others:
        found[f"{name} ratio"] = times[name] / times[first]
    found["temp MB"] = runs[first].megabytes
    return found


def _alternate(rounds: int, *contenders: Call) -> list[float]:
    """Median milliseconds of each, after one round that does not count."""
    times: list[list[float]] = [[] for _ in contenders]
    for _ in range(rounds + 1):
        for run, taken in zip(contenders, times, strict=True):
            time.sleep(0.02)  # the other's threads stop waiting for more work
            started = time.perf_counter()
            run()
            taken.append(1e3 * (time.perf_counter() - started))
    return [statistics.median(taken[1:]) for taken in times]


def _copy_rate() -> float:
    """Bytes a second, read and written, of adding 1 to a large array in place."""
    import jax
    import jax.numpy as jnp

    size = 2_000_000_000 if jax.default_backend() == "gpu" else 400_000_000
    x = jnp.zeros(size // 4, jnp.float32)
    add = jax.jit(lambda x: x + 1, donate_argnums=0)
    times = []
    for _ in range(8):
        started = time.perf_counter()
        x = jax.block_until_ready(add(x))
        times.append(time.perf_counter() - started)
    return 2 * size / min(times[1:])


def _fresh_peak(options, case: str, number: int, name: str) -> float:
    """`_peak` of one contender, alone in a process of its own."""
    command = [sys.executable, __file__, "--cores", str(options.cores)]
    command += ["--peak", case, str(number), name]
    environment = {**os.environ, **_FRESH}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"error: {' '.join(command)}\n{done.stderr}")
    return float(done.stdout.split()[-1])


def _nth(case: str, number: int) -> Row:
    return next(itertools.islice(CASES[case](), number, None))


def _peak(run: Call) -> float:
    """Megabytes that this process holds at most while it runs, beyond those before."""
    run()  # what is made once: threads, tables of kernels
    if "torch" in sys.modules and sys.modules["torch"].cuda.is_available():
        cuda = sys.modules["torch"].cuda
        before = cuda.memory_allocated()
        cuda.reset_peak_memory_stats()
        run()
        return (cuda.max_memory_allocated() - before) / 1e6
    import jax

    if jax.default_backend() == "gpu":
        statistic = jax.devices()[0].memory_stats()  # the peak of the whole process
        return (statistic["peak_bytes_in_use"] - statistic["bytes_in_use"]) / 1e6
    peaks = []
    for _ in range(5):  # what the run before gave back may count as held a while
        time.sleep(0.05)
        ctypes.CDLL(None).malloc_trim(0)
        # proc_pid_clear_refs(5): 5 resets the peak to what is held now.
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        before = _held("VmRSS")
        run()
        peaks.append(_held("VmHWM") - before)
    return max(peaks) / 1e6


def _held(name: str) -> int:
    """Bytes, by the name of a line of proc_pid_status(5)."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return 1024 * int(line.split()[1])
    raise SystemExit(f"error: /proc/self/status has no {name}.")


def _arrays(results: Any) -> list[np.ndarray]:
    results = results if isinstance(results, tuple) else (results,)
    return [np.asarray(one.cpu() if hasattr(one, "cpu") else one) for one in results]


def _close(ours, *others) -> None:
    """Values to 1e-4 of their own, gradients to 1e-3 of the largest."""
    for other in others:
        np.testing.assert_allclose(ours[0], other[0], rtol=1e-4)
        largest = np.abs(other[1]).max()
        np.testing.assert_allclose(ours[1], other[1], atol=1e-3 * largest)


def _equal(ours, *others) -> None:
    for other in others:
        np.testing.assert_array_equal(ours[0], other[0])


def _same_sets(ours, *others) -> None:
    """Equally many, and the same but for a few that rounding moves over the cut."""
    for other in others:
        assert ours[0].sum() == other[0].sum(), (ours[0].sum(), other[0].sum())
        assert (ours[0] != other[0]).sum() <= 4, (ours[0] != other[0]).sum()


if __name__ == "__main__":
    main()
