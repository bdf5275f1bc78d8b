"""Species sets of the best expected score: places a second, memory and regret.

    python benchmarks/decisions.py                      10 000 species, all parts
    python benchmarks/decisions.py --places 4096 --rounds 9

1. Places a second on this machine for F1, F2, Jaccard and TSS in float32, rounds of the
   scores in turn, medians; resident memory beyond the input; and the regret: what the
   sets are expected to score less, in float64, than those that float64 finds.
2. Growth with the number of species beside the published search, written anew in
   NumPy: the laws of hits and misses of every size and their double sum, cubic in the
   species; one place each.

Probabilities are drawn from Beta(.05, 5): a hundred of 10 000 species are expected.
"""

import argparse
import resource
import statistics
import sys
import time

import numpy as np
import reporting

SCORES = ("f1", "f2", "jaccard", "tss")
SEARCHED = (200, 500, 1000, 2000)
CHECKED = 64


def main() -> None:
    """Runs both parts and prints their tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--species", type=int, default=10_000)
    parser.add_argument("--places", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", help="JSON file of all numbers")
    options = parser.parse_args()
    reporting.warn_if_busy()
    speed = measure_speed(options.species, options.places, options.rounds)
    reporting.show(
        f"{options.species:,} species, float32",
        ["score", "places/s", "least", "most", "MB beyond input", "regret", "size"],
        speed,
    )
    growth = measure_growth()
    reporting.show(
        "One place, seconds",
        ["species", "NumPy, all sizes", "jaxsdm", "ratio", "difference"],
        growth,
    )
    reporting.write_json(options.output, {"speed": speed, "growth": growth})


def measure_speed(species: int, places: int, rounds: int) -> list[list[object]]:
    """Rows of the first table."""
    import jax
    import jax.numpy as jnp

    from jaxsdm import decisions

    p = draw(places, species)
    on_device = jax.block_until_ready(jnp.asarray(p))
    calls = {
        name: jax.jit(lambda p, s=decisions.SCORES[name]: decisions.maxexp(p, s))
        for name in SCORES
    }
    before = peak_memory()
    for call in calls.values():
        jax.block_until_ready(call(on_device))
    memory = peak_memory() - before
    seconds: dict[str, list[float]] = {name: [] for name in SCORES}
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            jax.block_until_ready(call(on_device))
            seconds[name].append(time.perf_counter() - started)
    rows: list[list[object]] = []
    for name, call in calls.items():
        mask = np.asarray(call(on_device).mask)[:CHECKED]
        with jax.enable_x64(True):
            score = decisions.SCORES[name]
            fine = jnp.asarray(p[:CHECKED], jnp.float64)
            best = decisions.maxexp(fine, score).expected_score
            reached = decisions.expected_score(fine, mask, score)
            regret = float((best - reached).max())
        rates = [places / one for one in seconds[name]]
        rows.append(
            [
                name,
                round(statistics.median(rates)),
                round(min(rates)),
                round(max(rates)),
                round(memory / 2**20),
                max(regret, 0.0),
                float(mask.sum(axis=1).mean()),
            ]
        )
    return rows


def measure_growth() -> list[list[object]]:
    """Rows of the second table."""
    import jax

    from jaxsdm import decisions

    rows: list[list[object]] = []
    for species in SEARCHED:
        p = draw(1, species, share=0.1)
        started = time.perf_counter()
        expected = all_sizes(np.sort(p[0].astype(np.float64))[::-1])
        slow = time.perf_counter() - started
        seconds = []
        for _ in range(4):  # the first one compiles
            started = time.perf_counter()
            found = jax.block_until_ready(decisions.maxexp(p, decisions.f_beta(1)))
            seconds.append(time.perf_counter() - started)
        fast = statistics.median(seconds[1:])
        difference = abs(float(found.expected_score[0]) - expected.max())
        rows.append([species, slow, fast, slow / fast, difference])
    return rows


def all_sizes(p: np.ndarray) -> np.ndarray:
    """Expected F1 of the first k species for every k: cubic in their number."""
    species = len(p)
    hits = np.zeros((species + 1, species + 1))
    missed = np.zeros((species + 1, species + 1))
    hits[0, 0] = missed[species, 0] = 1
    for k in range(species):
        hits[k + 1] = hits[k] * (1 - p[k])
        hits[k + 1, 1:] += hits[k, :-1] * p[k]
    for k in range(species - 1, -1, -1):
        missed[k] = missed[k + 1] * (1 - p[k])
        missed[k, 1:] += missed[k + 1, :-1] * p[k]
    expected = np.zeros(species + 1)
    for k in range(1, species + 1):
        t = np.arange(k + 1.0)[:, None]
        r = np.arange(species - k + 1.0)[None]
        chance = hits[k, : k + 1, None] * missed[k, None, : species - k + 1]
        expected[k] = (chance * (2 * t / (k + t + r))).sum()
    return expected


def draw(places: int, species: int, share: float = 0.01) -> np.ndarray:
    """Probabilities of which few are large: `[places, species]` float32."""
    rng = np.random.default_rng(0)
    return rng.beta(5 * share, 5, (places, species)).astype(np.float32)


def peak_memory() -> int:
    """Bytes that this process has held at most."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
