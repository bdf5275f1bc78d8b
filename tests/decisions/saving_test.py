"""What is written is what is read, for every rule and calibration."""

import dataclasses

import jax
import numpy as np
import pytest

from jaxsdm.decisions import calibration, conformal, lists, richness, thresholds
from jaxsdm.decisions.saving import CLASSES, load_rule, option, save_rule, saved

RNG = np.random.default_rng(10)
P = RNG.random((40, 6)).astype(np.float32)
LABELS = (RNG.random(P.shape) < P).astype(float)
LABELS[:, 5] = 0

MADE = {
    "threshold": thresholds.fit_threshold(P, LABELS),
    "frequency": thresholds.frequency_matching(P, LABELS),
    "conformal": conformal.fit_conformal_per_species(P, LABELS, 0.2),
    "risk": conformal.fit_false_negative_rate(P, LABELS, 0.2),
    "top_k": lists.TopK(3),
    "average_k": lists.fit_average_k(P, 2),
    "adaptive": lists.AdaptiveTopK(2.5, exact=True),
    "sse": richness.SSE(),
    "predicted_k": richness.fit_predicted_k(P, LABELS),
    "binned_k": richness.fit_binned_k(P, LABELS, bins=4, offset=1),
    "temperature": calibration.fit_temperature(P, LABELS),
    "platt": calibration.fit_platt(P, LABELS, per_species=True),
    "isotonic": calibration.fit_isotonic(P, LABELS, per_species=True),
    "prevalence": calibration.fit_prevalence(P, LABELS),
    "weighted": calibration.weighted_training_correction(5.0),
    "background": calibration.presence_background_correction(0.1, 50.0, 1000.0),
}


@pytest.mark.parametrize("name", MADE)
def test_read_as_written(name, tmp_path):
    rule, path = MADE[name], tmp_path / "rule.npz"
    save_rule(path, rule)
    again = load_rule(path)
    assert type(again) is type(rule)
    for field in dataclasses.fields(rule):
        one, other = getattr(rule, field.name), getattr(again, field.name)
        np.testing.assert_array_equal(one, other, strict=not np.isscalar(one))
    assert jax.tree.structure(again) == jax.tree.structure(rule)
    for one, other in zip(
        jax.tree.leaves(rule(P)), jax.tree.leaves(again(P)), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert [p.name for p in tmp_path.iterdir()] == ["rule.npz"]


@pytest.mark.parametrize("name", MADE)
def test_a_pytree_that_jit_takes(name):
    rule = MADE[name]
    expected = jax.tree.leaves(rule(P))
    got = jax.tree.leaves(jax.jit(lambda r, p: r(p))(rule, P))
    for one, other in zip(got, expected, strict=True):
        if one.dtype == np.float32:
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
        else:
            np.testing.assert_array_equal(one, other)
    copy = jax.tree.map(lambda leaf: leaf, rule)
    assert type(copy) is type(rule)


def test_every_class_is_tried():
    assert {type(rule).__name__ for rule in MADE.values()} <= set(CLASSES)
    known = {name for name, cls in CLASSES.items() if "calibration" in cls.__module__}
    assert known == {"LogitMap", "Isotonic", "PresenceBackground"}


def test_a_rule_made_of_rules(tmp_path):
    @saved
    @dataclasses.dataclass(frozen=True)
    class Both:
        first: object
        second: object
        extra: object = None
        name: str = option("")

    try:
        path = tmp_path / "both"
        save_rule(path, Both(MADE["platt"], MADE["threshold"], None, "x"))
        again = load_rule(path)
        assert again.name == "x"
        assert again.extra is None
        assert again.first.method == "platt"
        np.testing.assert_array_equal(
            again.second.thresholds, MADE["threshold"].thresholds
        )
        del CLASSES["Both"]
        with pytest.raises(ValueError, match="no rule is called 'Both'"):
            load_rule(path)
    finally:
        CLASSES.pop("Both", None)


def test_what_is_refused(tmp_path):
    with pytest.raises(TypeError, match="want a rule of jaxsdm"):
        save_rule(tmp_path / "a", {"k": 3})
    with pytest.raises(TypeError, match=r"want an array for TopK\.k"):
        save_rule(tmp_path / "a", lists.TopK(object()))
    assert not list(tmp_path.iterdir())
    np.save(tmp_path / "array.npy", P)
    np.savez(tmp_path / "other.npz", p=P)
    (tmp_path / "text").write_text("k = 3")
    (tmp_path / "empty").write_bytes(b"")
    save_rule(tmp_path / "whole", MADE["isotonic"])
    (tmp_path / "half").write_bytes((tmp_path / "whole").read_bytes()[:300])
    for name in ("array.npy", "other.npz", "text", "empty", "half"):
        with pytest.raises(ValueError, match="want a file written by save_rule"):
            load_rule(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        load_rule(tmp_path / "missing")


def test_a_file_of_another_version(tmp_path):
    save_rule(tmp_path / "rule", lists.TopK(3))
    with np.load(tmp_path / "rule") as file:
        parts = dict(file)
    np.savez(tmp_path / "old.npz", **parts, more=np.zeros(2))
    with pytest.raises(ValueError, match="another version"):
        load_rule(tmp_path / "old.npz")
