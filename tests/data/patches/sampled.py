"""Samples of a small raster, and batches of them as lists."""

import jax
import numpy as np

from jaxsdm.data.patches import (
    Augmentation,
    Input,
    MemoryPatches,
    Places,
    Samples,
    Window,
    pipeline,
)

PLACES = 50
RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(40, 30, 2)).astype(np.float32)
VALID = RNG.random(VALUES.shape) > 0.1
SAMPLES = Samples(
    Places(RNG.integers(0, 40, PLACES), RNG.integers(0, 30, PLACES)),
    {"species": np.arange(PLACES) % 7, "square": lambda i: i[:, None] ** 2},
    {"table": RNG.normal(size=(PLACES, 3)).astype(np.float32)},
)
SOURCE = MemoryPatches(np.where(VALID, VALUES, np.float32(np.nan)))
INPUTS = {"climate": Input(SOURCE, Window(5))}
OPTIONS = {"batch_size": 8, "seed": 3, "process_index": 0, "process_count": 1}
AUGMENTATION = Augmentation(jitter=2)


def made(number=None, samples=SAMPLES, inputs=INPUTS, state=None, **options):
    """Batches of a pipeline as a list."""
    with pipeline(samples, inputs, **(OPTIONS | options)) as batches:
        if state:
            batches.set_state(state)
        return [batch for batch, _ in zip(batches, range(number or 999), strict=False)]


def same(got, want):
    """Asserts that two batches, or lists of them, are equal."""
    jax.tree.map(np.testing.assert_array_equal, got, want)
