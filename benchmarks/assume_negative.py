"""The two cheap SINR losses from two columns a row, beside the table of all logits.

One step's loss with its gradients to features and head, at the published size: 47,000
species, 2,048 records, 256 features. "all logits" is what the published code does:
the whole table `[batch, species]`, of which one or two entries a row are used.
"gathered" is `assume_negative_*_from_features`. Gradients are of the features and of
the head's kernel, which is dense: its zeros alone take the memory of the kernel, so the
loss without gradients is shown too.

Run: `JAX_PLATFORMS=cpu python benchmarks/assume_negative.py [--species 47000]`.
"""

import argparse
import functools
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from reporting import show, warn_if_busy, write_json

from jaxsdm import losses


def run(
    *, species: int, batch: int, features: int, repeats: int = 5
) -> list[dict[str, Any]]:
    """Times and sizes of both formulations; prints the table and gives the numbers."""
    warn_if_busy()
    rng = np.random.default_rng(0)
    x, r = (
        jnp.asarray(rng.normal(size=(batch, features)), jnp.float32) for _ in range(2)
    )
    kernel = jnp.asarray(rng.normal(size=(features, species)) / 16, jnp.float32)
    labels = jnp.asarray(rng.integers(species, size=batch), jnp.int32)
    key = jax.random.key(0)
    arguments = (x, r, kernel, labels, key)
    found = []
    for form in ("slds", "ssdl"):
        for gradients in (False, True):
            line: dict[str, Any] = {"form": form, "gradients": gradients}
            values = {}
            for name, loss in (("all", _all_logits), ("gathered", _gathered)):
                compiled = _compile(functools.partial(loss, form), gradients, arguments)
                values[name] = jax.block_until_ready(compiled(*arguments))
                line[name] = {
                    **_sizes(compiled),
                    "seconds": _seconds(compiled, arguments, repeats, name),
                }
            jax.tree.map(_assert_close, values["gathered"], values["all"])
            found.append(line)
    show(
        f"SINR losses: {species} species, {batch} records, {features} features "
        f"({jax.devices()[0].device_kind})",
        [
            "",
            "ms, all logits",
            "ms, gathered",
            "ratio",
            "Gflop, all",
            "Gflop, gathered",
            "ratio",
            "MB, all",
            "MB, gathered",
            "ratio",
        ],
        [_row(line) for line in found],
    )
    return found


def _all_logits(form, x, r, kernel, labels, key):
    if form == "slds":
        return losses.assume_negative(x @ kernel, labels, form=form, key=key)
    return losses.assume_negative(
        x @ kernel, labels, form=form, background_logits=r @ kernel
    )


def _gathered(form, x, r, kernel, labels, key):
    if form == "slds":
        return losses.assume_negative_slds_from_features(x, kernel, labels, key=key)
    return losses.assume_negative_ssdl_from_features(x, r, kernel, labels)


def _compile(loss, gradients, arguments):
    def mean(*arguments):
        return jnp.mean(loss(*arguments))

    function = jax.value_and_grad(mean, (0, 1, 2)) if gradients else mean
    return jax.jit(function).lower(*arguments).compile()


def _sizes(compiled) -> dict[str, float]:
    """Work and memory beyond arguments and results, as the compiler counts them."""
    cost = compiled.cost_analysis() or {}
    return {
        "flops": float(cost.get("flops", 0)),
        "temporary_bytes": float(compiled.memory_analysis().temp_size_in_bytes),
    }


def _seconds(compiled, arguments, repeats: int, name: str) -> float:
    """The least of several calls (fewer of the slow ones)."""
    times = []
    for _ in range(repeats if name == "gathered" else max(2, repeats // 2)):
        started = time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        times.append(time.perf_counter() - started)
    return min(times)


def _assert_close(got, want) -> None:
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-5)


def _row(line: dict[str, Any]) -> list[Any]:
    whole, cheap = line["all"], line["gathered"]
    row = [f"{line['form']}, {'loss and gradients' if line['gradients'] else 'loss'}"]
    for name, unit in (("seconds", 1e3), ("flops", 1e-9), ("temporary_bytes", 1e-6)):
        ratio = whole[name] / max(cheap[name], 1e-12)
        row += [unit * whole[name], unit * cheap[name], float(ratio)]
    return row


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--species", type=int, default=47_000)
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--features", type=int, default=256)
    parser.add_argument("--json", help="also write the numbers to this file")
    given = parser.parse_args()
    write_json(
        given.json,
        {
            "assume_negative": run(
                species=given.species, batch=given.batch, features=given.features
            )
        },
    )
