"""Speed and memory of the losses, beside the reference formulations in PyTorch.

    python benchmarks/losses.py                          every case
    python benchmarks/losses.py --only top_k_hinge --rounds 9

Each case gives contenders that are run in alternating rounds in this process; a table
shows the median time of loss and gradient, random numbers included, and the ratio.
Times are of the machine it runs on, which should do nothing else meanwhile. PyTorch is
the extra `peers`; `--output FILE` writes all numbers as JSON.

To add a case, write a function of the options that yields `Pair`s and name it in CASES.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import reporting


class Pair(NamedTuple):
    """Two programs of the same work.

    Attributes:
      settings: what tells it from the other pairs of its case.
      ours: runs ours once, to its end.
      theirs: the same for PyTorch.
      megabytes: of our program beside its arguments and results.
    """

    settings: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    megabytes: float


def top_k_hinge(options: argparse.Namespace) -> Iterator[Pair]:
    """The stochastic top-K hinge; theirs: `randn`, `kthvalue` and a one-hot table."""
    import jax
    import torch

    from jaxsdm.losses.top_k_hinge import stochastic_top_k_hinge

    for species, k, draws in (
        (1_000, 5, 5),
        (10_000, 5, 5),
        (10_000, 20, 5),
        (10_000, 50, 5),
        (10_000, 5, 20),
    ):
        logits, labels = _examples(options.batch, species)

        def loss(logits, labels, key, k=k, draws=draws):
            values = stochastic_top_k_hinge(logits, labels, key, k=k, num_samples=draws)
            return values.mean()

        ours, megabytes = _compiled(loss, logits, labels, jax.random.key(1))

        class CutMean(torch.autograd.Function):
            """Mean over draws of the (k+1)-th largest noised score."""

            @staticmethod
            def forward(ctx, scores, k=k, draws=draws):
                noised = scores[..., None] + torch.randn(*scores.shape, draws)
                cut = torch.kthvalue(-noised, k + 1, dim=1)
                ctx.save_for_backward(cut.indices)
                ctx.shape = noised.shape
                return -cut.values.mean(-1)

            @staticmethod
            def backward(ctx, cotangent):
                (indices,) = ctx.saved_tensors
                chosen = torch.zeros(ctx.shape).scatter_(1, indices[:, None], 1.0)
                return chosen.mean(-1) * cotangent[:, None]

        scores = torch.from_numpy(logits).requires_grad_()
        own = torch.from_numpy(labels).long()[:, None]

        def theirs(scores=scores, own=own, cut_mean=CutMean):
            scores.grad = None
            gap = 1 + cut_mean.apply(scores) - scores.gather(1, own)[:, 0]
            torch.relu(gap).mean().backward()

        shape = f"({options.batch}, {species}) K={k}, {draws} draws"
        yield Pair(shape, ours, theirs, megabytes)


CASES: dict[str, Callable[[argparse.Namespace], Iterator[Pair]]] = {
    "top_k_hinge": top_k_hinge,
}


def main() -> None:
    """Runs the cases that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=sorted(CASES), default=list(CASES))
    parser.add_argument("--batch", type=int, default=256, help="examples")
    parser.add_argument("--rounds", type=int, default=7, help="alternating rounds")
    parser.add_argument("--cores", type=int, default=2, help="for each contender")
    parser.add_argument("--output", help="JSON file of all numbers")
    options = parser.parse_args()
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    try:
        import torch
    except ImportError:
        sys.exit("benchmarks/losses.py needs PyTorch: pip install 'jaxsdm[peers]'.")
    torch.set_num_threads(options.cores)

    reporting.warn_if_busy()
    columns = ["shape", "jaxsdm ms", "PyTorch ms", "ratio", "jaxsdm extra MB"]
    results = {}
    for name in options.only:
        rows = []
        for pair in CASES[name](options):
            ours, theirs = _alternate(options.rounds, pair.ours, pair.theirs)
            rows.append([pair.settings, ours, theirs, theirs / ours, pair.megabytes])
        title = f"{name}: loss and gradient, float32, {options.cores} cores"
        reporting.show(title, columns, rows)
        results[name] = [dict(zip(columns, row, strict=True)) for row in rows]
    reporting.write_json(options.output, results)


def _examples(batch: int, species: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal logits and labels."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(batch, species)).astype(np.float32)
    return logits, rng.integers(0, species, batch, dtype=np.int32)


def _compiled(
    loss: Callable[..., Any], *arguments: Any
) -> tuple[Callable[[], Any], float]:
    """A call of value and gradient (to the first argument), and its extra megabytes."""
    import jax

    held = jax.device_put(arguments)
    program = jax.jit(jax.value_and_grad(loss)).lower(*held).compile()
    megabytes = program.memory_analysis().temp_size_in_bytes / 1e6
    return lambda: jax.block_until_ready(program(*held)), megabytes


def _alternate(rounds: int, *contenders: Callable[[], Any]) -> list[float]:
    """Median milliseconds of each, after one round that does not count."""
    times: list[list[float]] = [[] for _ in contenders]
    for _ in range(rounds + 1):
        for run, taken in zip(contenders, times, strict=True):
            time.sleep(0.02)  # the other's threads stop waiting for more work
            started = time.perf_counter()
            run()
            taken.append(1e3 * (time.perf_counter() - started))
    return [statistics.median(taken[1:]) for taken in times]


if __name__ == "__main__":
    main()
