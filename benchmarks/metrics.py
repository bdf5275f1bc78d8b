"""The streaming ROC AUC at full size: time, memory, bound and error.

    python benchmarks/metrics.py                      10 000 species x 1e6 places
    python benchmarks/metrics.py --species 1000       fewer
    python benchmarks/metrics.py --quick              a small one, for a look

Scores of virtual species are made by the seed of their chunk: normal, higher by up to
three deviations at presences, prevalences from 0.1 to 50 %, a tenth of the species with
scores rounded to two digits. Species come in chunks, because a table of all does not
fit; each chunk meets all places in batches, through one state that is updated in place.
Bins are laid on a sample of places that is drawn apart from those that are counted.
Beside it: the exact AUC of some species of each chunk, whose scores are all kept, and
the error of the streaming value against it.

Times are of the machine it runs on, which should do nothing else meanwhile.
"""

import argparse
import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import reporting

from jaxsdm import metrics


class Chunk(NamedTuple):
    """What one chunk of species gave."""

    seconds: dict[str, float]
    megabytes: float
    bounds: np.ndarray
    errors: np.ndarray
    within: bool


def batches(seed: int, species: int, places: int, batch: int, draw: int = 0):
    """Scores and labels of all places, batch by batch; `draw` gives other places."""
    rng = np.random.default_rng(seed)
    skill = rng.uniform(0, 3, species).astype(np.float32)
    prevalence = np.geomspace(1e-3, 0.5, species).astype(np.float32)
    rng.shuffle(prevalence)
    rounded = np.arange(species) % 10 == 0
    rng = np.random.default_rng((seed, draw))
    for first in range(0, places, batch):
        shape = (min(batch, places - first), species)
        labels = rng.random(shape, np.float32) < prevalence
        scores = rng.standard_normal(shape, np.float32)
        scores += skill * labels
        scores[:, rounded] = scores[:, rounded].round(2)
        yield scores, labels


def measure(seed: int, options: argparse.Namespace) -> Chunk:
    """One chunk of species over all places."""
    species = min(options.chunk, options.species - seed * options.chunk)
    sizes = species, options.places, options.batch
    seconds = dict.fromkeys(("making", "bins", "update", "compute", "exact"), 0.0)

    def timed(what: str, function: Any, *arguments: Any) -> Any:
        start = time.perf_counter()
        done = jax.block_until_ready(function(*arguments))
        seconds[what] += time.perf_counter() - start
        return done

    stream = batches(seed, *sizes)
    sampled = batches(seed, species, 4 * options.bins, 4 * options.bins, draw=1)
    sample, _ = timed("making", next, sampled)
    edges = timed("bins", lambda: metrics.fit_bins(sample, bins=options.bins))
    metric = metrics.streaming_auc(edges)
    update = jax.jit(metric.update, donate_argnums=0)
    state = metric.init()
    some = np.arange(0, species, max(1, species // options.exact))[: options.exact]
    kept = []
    for _ in range(-(-options.places // options.batch)):
        scores, labels = timed("making", next, stream)
        kept.append((scores[:, some], labels[:, some]))
        scores, labels = jnp.asarray(scores), jnp.asarray(labels)
        state = timed("update", update, state, scores, labels)
    found = timed("compute", metric.compute, state)
    tables = [np.concatenate(part) for part in zip(*kept, strict=True)]
    want = timed("exact", metrics.roc_auc, *tables)
    errors = np.abs(found.value[some] - want)
    within = bool((errors <= found.bound[some] + 1e-15).all())
    megabytes = (edges.nbytes + sum(x.nbytes for x in state)) / 1e6
    return Chunk(seconds, megabytes, found.bound, errors, within)


def main() -> None:
    """Prints a table, and says whether each error is within its bound."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--species", type=int, default=10_000)
    parser.add_argument("--places", type=int, default=1_000_000)
    parser.add_argument("--chunk", type=int, default=500, help="species at a time")
    parser.add_argument("--batch", type=int, default=32_768, help="places at a time")
    parser.add_argument("--bins", type=int, default=8_192)
    parser.add_argument("--exact", type=int, default=5, help="species a chunk")
    parser.add_argument("--quick", action="store_true", help="20 species, 1e5 places")
    parser.add_argument("--output", help="JSON of all numbers")
    options = parser.parse_args()
    if options.quick:
        options.species, options.places = 20, 100_000
    reporting.warn_if_busy()
    numbers = range(-(-options.species // options.chunk))
    chunks = []
    for number in numbers:
        chunks.append(measure(number, options))
        print(f"chunk {number + 1} of {len(numbers)}", chunks[-1].seconds, flush=True)
    bounds = np.concatenate([chunk.bounds for chunk in chunks])
    errors = np.concatenate([chunk.errors for chunk in chunks])
    total = {
        name: sum(chunk.seconds[name] for chunk in chunks) for name in chunks[0].seconds
    }
    entries = options.species * options.places
    result = {
        "species": options.species,
        "places": options.places,
        "bins": options.bins,
        "seconds": total,
        "ns_an_entry": total["update"] / entries * 1e9,
        "state_and_edges_megabytes": sum(chunk.megabytes for chunk in chunks),
        "undefined": metrics.undefined(bounds),
        "largest_bound": float(np.nanmax(bounds)),
        "mean_bound": float(np.nanmean(bounds)),
        "exact_species": errors.size,
        "largest_error": float(np.nanmax(errors)),
        "every_error_within_its_bound": all(chunk.within for chunk in chunks),
    }
    rows = [(f"{name}, s", seconds) for name, seconds in total.items()] + [
        item for item in result.items() if item[0] != "seconds"
    ]
    reporting.show("Streaming ROC AUC", ("", ""), rows)
    reporting.write_json(options.output, {"streaming_auc": result})


if __name__ == "__main__":
    main()
