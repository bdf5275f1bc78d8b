"""The cut of an average-K rule over a whole validation set, beside a full sort.

    python benchmarks/average_k.py                    31 000 x 1 081 scores
    python benchmarks/average_k.py --places 5000 --rounds 9

The scores are softmax outputs of random logits. Both find the same cut; rounds
alternate, medians.
"""

import argparse
import statistics
import time

import numpy as np
import reporting

KS = (1, 5, 30)


def main() -> None:
    """Runs both and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--places", type=int, default=31_000)
    parser.add_argument("--species", type=int, default=1_081)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    reporting.warn_if_busy()
    from jaxsdm import decisions

    rng = np.random.default_rng(0)
    logits = 2 * rng.gumbel(size=(options.places, options.species))
    p = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float32)
    p /= p.sum(axis=1, keepdims=True)
    rows = []
    for k in KS:
        seconds: dict[str, list[float]] = {"sort": [], "cut": []}
        for _ in range(options.rounds):
            started = time.perf_counter()
            ordered = np.sort(p, axis=None)
            sorted_ = time.perf_counter()
            cut = float(np.asarray(decisions.fit_average_k(p, k).thresholds))
            seconds["cut"].append(time.perf_counter() - sorted_)
            seconds["sort"].append(sorted_ - started)
        number = options.places * k
        middle = ordered[[-number, -number - 1]].astype(np.float64).mean()
        if not np.isclose(cut, middle, rtol=1e-6, atol=0):
            raise AssertionError(f"K = {k}: the cut is {cut}, by sorting {middle}.")
        slow, fast = (statistics.median(seconds[name]) for name in ("sort", "cut"))
        rows.append([k, slow, fast, slow / fast])
    reporting.show("Seconds", ["K", "numpy.sort", "fit_average_k", "ratio"], rows)


if __name__ == "__main__":
    main()
