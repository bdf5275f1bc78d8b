"""Tests for jaxsdm.losses.top_k_hinge."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm import parallel
from jaxsdm.losses.top_k_hinge import stochastic_top_k_hinge, top_k_margins
from jaxsdm.ops.normal import random_normal

RNG = np.random.default_rng(0)
ROWS, SPECIES, DRAWS, K = 24, 16, 3, 4  # more rows than a tile, not a multiple of it
F = RNG.normal(size=(ROWS, SPECIES)).astype(np.float32)
LABELS = RNG.integers(0, SPECIES, ROWS)
WHERE = np.arange(ROWS) % 7 != 3
CO = RNG.uniform(0.5, 2, ROWS).astype(np.float32)
MARGINS = RNG.uniform(0.1, 1, SPECIES).astype(np.float32)
KEY = jax.random.key(3)
NOISE = np.asarray(random_normal(KEY, (DRAWS, ROWS, SPECIES)))
loss = functools.partial(
    stochastic_top_k_hinge, k=K, num_samples=DRAWS, margin=MARGINS, scale=3.0
)


def plain(f, labels, noise, *, k, epsilon=1.0, margin=1.0, scale=1.0):
    """Loss and the gradient of its sum, by sorting."""
    f = np.asarray(f)
    margin = np.broadcast_to(np.asarray(margin), f.shape[1:])
    values, gradients = [], np.zeros_like(f)
    for i, (row, y) in enumerate(zip(f, labels, strict=True)):
        noised = row + epsilon * noise[:, i]
        chosen = np.argsort(-noised, axis=1, kind="stable")[:, k]
        cut = np.take_along_axis(noised, chosen[:, None], 1).mean()
        h = scale * (margin[y] + cut - row[y])
        values.append(max(h, 0))
        if h > 0:
            np.add.at(gradients[i], chosen, scale / len(noise))
            gradients[i, y] -= scale
    return np.array(values), gradients


def total(function, f, *rest, **names):
    return jnp.sum(CO[: len(f)] * function(f, *rest, **names))


def golden(shared, name):
    return np.load(shared / "golden" / "losses" / f"{name}.npz")


@pytest.mark.parametrize("precision", ["f64", "f32"])
@pytest.mark.parametrize("name", ["bal_loss", "imbal_loss"])
def test_golden(shared, name, precision):
    """The authors' loss and gradient, balanced and imbalanced."""
    file, draws = golden(shared, name), golden(shared, "noised_topk")
    kind, tolerance = ("exact", 1e-12) if precision == "f64" else ("ref", 1e-6)
    checked, gradients, compiled = 0, 0, {}
    with jax.enable_x64(precision == "f64"):
        for entry in file.files:
            tag, *middle, last = entry.split("__")
            if f"loss_{kind}" != last and not (last == "loss" and name == "bal_loss"):
                continue
            if not tag.endswith(precision) or tag == "normed":
                continue
            sizes = {part[:1]: part[1:] for part in middle}
            k, epsilon = int(sizes["k"]), float(sizes["e"][2:])
            logits = (draws if name == "bal_loss" else file)[f"{tag}__s"]
            noise = np.moveaxis(draws[f"{tag}__Z"], -1, 0)
            margin, scale = 1.0, 1.0
            if name == "imbal_loss":
                largest, scale = float(sizes["m"]), float(sizes["s"][4:])
                counts = file[f"{tag}__cls_num_list"]
                margin = top_k_margins(counts.astype(logits.dtype), largest)
                listed = file[f"{tag}__m{largest}__m_list_{precision}"]
                np.testing.assert_allclose(margin, listed, atol=tolerance)
            shape = (logits.shape, k, len(noise))
            if shape not in compiled:
                compiled[shape] = jax.jit(
                    jax.value_and_grad(
                        lambda f, y, z, e, m, s, k=k: stochastic_top_k_hinge(
                            f, y, k=k, noise=z, epsilon=e, margin=m, scale=s
                        ).mean()
                    )
                )
            margin = np.broadcast_to(np.asarray(margin), logits.shape[1:])
            value, gradient = compiled[shape](
                logits, file[f"{tag}__y"], noise, epsilon, margin, scale
            )
            size = max(1, scale)
            np.testing.assert_allclose(
                value, file[entry], rtol=tolerance, atol=tolerance * size
            )
            wanted = "__".join([tag, *middle, f"grad_{kind}"])
            if wanted in file.files:
                np.testing.assert_allclose(
                    gradient, file[wanted], atol=tolerance * size
                )
                gradients += 1
            checked += 1
    assert (checked, gradients) == {"bal_loss": (33, 33), "imbal_loss": (84, 28)}[name]


@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_golden_order_statistic(shared, precision):
    """The smoothed K-th largest: the loss of k = K - 1 less the margin and label."""
    file = golden(shared, "noised_topk")
    tolerance = 1e-12 if precision == "f64" else 1e-6
    checked, compiled = 0, {}
    with jax.enable_x64(precision == "f64"):
        for entry in file.files:
            tag, *middle, last = entry.split("__")
            if last != "value" or not tag.endswith(precision):
                continue
            kth, epsilon = int(middle[0][1:]), float(middle[1][3:])
            if kth == 1:  # the loss takes the (k+1)-th, k >= 1
                continue
            f, noise = file[f"{tag}__s"], np.moveaxis(file[f"{tag}__Z"], -1, 0)
            rows, y = np.arange(len(f)), f.argmin(1)  # so that the hinge is active

            def total(f, y, noise, epsilon, kth=kth):
                values = stochastic_top_k_hinge(
                    f, y, k=kth - 1, noise=noise, epsilon=epsilon, margin=1.0
                )
                return values.sum(), values

            shape = (f.shape, kth)
            if shape not in compiled:
                compiled[shape] = jax.jit(jax.value_and_grad(total, has_aux=True))
            (_, values), gradient = compiled[shape](f, y, noise, epsilon)
            assert (values > 0).all()
            got = np.asarray(values, float) - 1 + f[rows, y]
            np.testing.assert_allclose(got, file[entry], rtol=0, atol=tolerance)
            gradient = np.array(gradient)
            gradient[rows, y] += 1
            chosen = file[entry.replace("value", "index")].astype(int)
            counted = np.zeros(f.shape)
            np.add.at(counted, (rows[:, None], chosen), 1 / chosen.shape[1])
            np.testing.assert_allclose(gradient, counted, atol=tolerance)
            exact = entry.replace("value", "grad_exact")
            if precision == "f64":
                np.testing.assert_allclose(gradient, file[exact], atol=tolerance)
            checked += 1
    assert checked == 24  # 33 less 9 of K = 1


def test_as_sorting_with_the_noise_of_the_key():
    """More rows than a tile, and no multiple of it."""
    value, pull = jax.vjp(lambda f: loss(f, LABELS, KEY), jnp.asarray(F))
    want = plain(F, LABELS, NOISE, k=K, margin=MARGINS, scale=3.0)
    np.testing.assert_allclose(value, want[0], atol=1e-5)
    np.testing.assert_allclose(pull(CO)[0], want[1] * CO[:, None], atol=1e-5)
    assert (want[0] == 0).any()
    assert (want[0] > 0).any()
    given = loss(F, LABELS, noise=NOISE)
    np.testing.assert_allclose(given, value, rtol=1e-6)
    other = loss(F, LABELS, jax.random.key(4))
    assert not np.allclose(other, value)


def test_ties_go_to_one_index():
    """Quantised scores: equal values count each, the gradient reaches one of them."""
    f = RNG.integers(0, 3, (ROWS, SPECIES)).astype(np.float32)
    noise = RNG.integers(0, 2, (DRAWS, ROWS, SPECIES)).astype(np.float32)
    value, gradient = jax.value_and_grad(
        lambda f: total(stochastic_top_k_hinge, f, LABELS, k=K, noise=noise)
    )(jnp.asarray(f))
    want = plain(f, LABELS, noise, k=K)
    np.testing.assert_allclose(value, (CO * want[0]).sum(), rtol=1e-5)
    np.testing.assert_allclose(gradient, want[1] * CO[:, None], atol=1e-6)
    np.testing.assert_allclose(gradient.sum(1), 0, atol=1e-6)


def test_the_hinge_at_zero_has_no_gradient():
    f = jnp.asarray([[1.0, 2.0, 2.0]])
    noise = np.zeros((1, 1, 3), np.float32)
    value, gradient = jax.value_and_grad(
        lambda f: stochastic_top_k_hinge(
            f, np.array([1]), k=1, noise=noise, margin=0.0
        )[0]
    )(f)
    assert value == 0
    np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize("junk", [1e30, np.inf, np.nan])
def test_padding_has_no_loss_and_no_gradient(junk):
    f = np.where(WHERE[:, None], F, junk).astype(np.float32)
    noise = np.where(WHERE[:, None], NOISE, junk)
    for names in ({"key": KEY}, {"noise": noise}):
        call = functools.partial(loss, where=WHERE, **names)
        value = call(f, np.where(WHERE, LABELS, -5))
        want = np.where(WHERE, loss(F, LABELS, KEY), 0)
        np.testing.assert_allclose(value, want, rtol=1e-6)
        np.testing.assert_array_equal(value[~WHERE], 0)
        gradient = jax.grad(lambda f, call=call: call(f, LABELS).sum())(f)
        assert np.isfinite(gradient).all()
        np.testing.assert_array_equal(gradient[~WHERE], 0)


def test_nan_is_not_hidden():
    f = F.copy()
    f[2, LABELS[2]] = np.nan
    assert np.isnan(loss(f, LABELS, KEY)[2])


@pytest.mark.parametrize("f", [F * 1e4, 0 * F, 0 * F + 1e4, -1e4 - 0 * F])
def test_extreme_logits_stay_finite(f):
    value, gradient = jax.value_and_grad(lambda f: loss(f, LABELS, KEY).sum())(f)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("shape", [(8, 1), (4, 2), (2, 4), (1, 8)])
def test_same_noise_value_and_gradient_on_any_mesh(shape):
    island = parallel.example_island(
        lambda f, y, where, key, **names: loss(f, y, key, where=where, **names),
        parallel.make_mesh(*shape),
    )
    run = jax.jit(jax.value_and_grad(functools.partial(total, island)))
    got = run(F, LABELS, WHERE, KEY)
    want = jax.value_and_grad(functools.partial(total, loss))(
        F, LABELS, KEY, where=WHERE
    )
    np.testing.assert_allclose(got[0], want[0], rtol=1e-6)
    np.testing.assert_allclose(got[1], want[1], atol=1e-6)
    np.testing.assert_allclose(
        jax.jit(island)(F, LABELS, WHERE, KEY), loss(F, LABELS, KEY, where=WHERE),
        atol=1e-6,
    )  # fmt: skip


def test_gradient_inside_pmap_over_species():
    def shard(f):
        return jax.value_and_grad(
            lambda f: total(loss, f, LABELS, KEY, species_axis_name="species")
        )(f)

    shards = F.reshape(ROWS, 4, 4).swapaxes(0, 1)
    value, gradient = jax.pmap(shard, axis_name="species")(shards)
    want = jax.value_and_grad(lambda f: total(loss, f, LABELS, KEY))(jnp.asarray(F))
    np.testing.assert_allclose(value, np.full(4, want[0]), rtol=1e-6)
    np.testing.assert_allclose(
        np.asarray(gradient).swapaxes(0, 1).reshape(ROWS, SPECIES), want[1], atol=1e-6
    )


def test_transforms():
    def run(f, key=KEY):
        return total(loss, f, LABELS, key)

    value, gradient = jax.value_and_grad(run)(F)
    compiled = jax.jit(jax.value_and_grad(run))
    for wrapped in (compiled, jax.jit(jax.value_and_grad(jax.checkpoint(run)))):
        got = wrapped(F, KEY)
        np.testing.assert_allclose(got[0], value, rtol=1e-6)
        np.testing.assert_allclose(got[1], gradient, atol=1e-6)
    keys = jax.random.split(KEY, 2)
    both = jax.jit(jax.vmap(jax.value_and_grad(run), (0, 0)))(
        np.stack([F, 2 * F]), keys
    )
    for i in range(2):
        one = compiled((1 + i) * F, keys[i])
        np.testing.assert_allclose(both[0][i], one[0], rtol=1e-6)
        np.testing.assert_allclose(both[1][i], one[1], atol=1e-6)


def test_bfloat16_logits_are_selected_in_float32():
    f = jnp.asarray(F, jnp.bfloat16)
    value, pull = jax.vjp(lambda f: loss(f, LABELS, KEY), f)
    assert value.dtype == jnp.float32
    up = np.asarray(f, np.float32)
    want = plain(up, LABELS, NOISE, k=K, margin=MARGINS, scale=3.0)
    np.testing.assert_allclose(value, want[0], atol=1e-5)
    (gradient,) = pull(jnp.ones(ROWS))
    assert gradient.dtype == jnp.bfloat16
    np.testing.assert_allclose(np.asarray(gradient, np.float32), want[1], rtol=0.01)


def test_no_table_of_the_noise_is_made():
    """Fast selection, and memory that does not grow with the draws."""

    def program(draws):
        function = jax.value_and_grad(
            lambda f, y: stochastic_top_k_hinge(
                f, y, KEY, k=5, num_samples=draws
            ).mean()
        )
        shapes = (
            jax.ShapeDtypeStruct((64, 1000), jnp.float32),
            jax.ShapeDtypeStruct((64,), jnp.int32),
        )
        return jax.jit(function).lower(*shapes).compile()

    few, many = program(2), program(50)
    assert "TopK" in few.as_text()
    assert "sort(" not in few.as_text()
    held = [p.memory_analysis().temp_size_in_bytes for p in (few, many)]
    assert held[1] - held[0] < 48 * 64 * 16 * 2  # values and indices, no [.., species]


def test_margins():
    got = top_k_margins(np.array([0, 1, 16, 81]), 0.6)
    np.testing.assert_allclose(got, [0.6, 0.6, 0.3, 0.2], rtol=1e-6)
    with pytest.raises(ValueError, match=r"class_counts\[1\] = -2"):
        top_k_margins(np.array([3, -2]), 0.5)
    with pytest.raises(ValueError, match=r"max_margin .* -1"):
        top_k_margins(np.array([3, 2]), -1)
    with pytest.raises(ValueError, match=r"\(1, 2\)"):
        top_k_margins(np.ones((1, 2)), 1.0)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"key": None}, "neither"),
        ({"k": 0}, "k=0"),
        ({"k": SPECIES}, f"species = {SPECIES}.*k={SPECIES}"),
        ({"epsilon": -1.0}, "epsilon.*-1"),
        ({"scale": np.nan}, "scale.*nan"),
        ({"num_samples": 0}, "num_samples=|num_samples >= 1, got 0"),
        ({"margin": np.ones(3)}, r"margin.*\(3,\)"),
        ({"margin": np.inf}, "margin.*inf"),
        ({"noise": NOISE[:, :3]}, r"\(3, 3, 16\)"),
    ],
)
def test_errors_name_what_came(names, message):
    names = {"k": K, "key": KEY} | names
    with pytest.raises(ValueError, match=message):
        stochastic_top_k_hinge(F, LABELS, **names)
    with pytest.raises(ValueError, match=r"labels\[0\] is 99"):
        stochastic_top_k_hinge(F, LABELS * 0 + 99, KEY, k=1)


def test_an_empty_batch():
    assert loss(F[:0], LABELS[:0], KEY).shape == (0,)
    np.testing.assert_array_equal(loss(F, LABELS, KEY, where=np.zeros(ROWS, bool)), 0)
