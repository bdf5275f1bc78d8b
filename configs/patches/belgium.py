"""What lies around a place against the place itself: 415 plants of Belgium.

A small residual network over patches of 64 x 64 cells (64 km) of 14 climate layers,
beside a network of the values at the place and one of its coordinates alone. Same
records, spatial blocks, loss, optimiser, schedule and seeds for all; nothing was tuned.
Needs the two files of jaxsdm/datasets/belgium.py under JAXSDM_DATA.

Top-K and average-K accuracy and AUC: docs/results.md. Time: 13 minutes of two cores
that were not idle for training on patches, and some more for the map of the whole
country; a minute for the others.

    python scripts/train.py --config=configs/patches/belgium.py \
        --workdir=runs/belgium_patches --evaluate
    python scripts/train.py --config=configs/patches/belgium.py:pixels \
        --workdir=runs/belgium_pixels --evaluate
    python scripts/train.py --config=configs/patches/belgium.py:location \
        --workdir=runs/belgium_location --evaluate
    python scripts/train.py --config=configs/patches/belgium.py:both \
        --workdir=runs/belgium_both --evaluate
"""

from ml_collections import ConfigDict

from jaxsdm.training import default_config, patches

SEES = ("both", "location", "patches", "pixels")


def get_config(sees="patches"):
    """Five seeds of a network that sees patches, pixel values, both or the location."""
    if sees not in SEES:
        raise ValueError(f"unknown argument {sees!r}; known: {', '.join(SEES)}.")
    config = default_config()
    predictors = "location" if sees == "location" else "raster"
    config.dataset = ConfigDict({"name": "belgium", "predictors": predictors})
    config.objective = ConfigDict({"name": "softmax_cross_entropy"})
    if sees in ("both", "patches"):
        config.model = ConfigDict({"name": "residual_cnn"})
        config.model.table_width = 128 if sees == "both" else 0
        config.patches.climate = patches("climate", 64)
    else:
        config.model.hidden = 128
        config.model.blocks = 1
    config.model.dropout = 0.2
    config.model.head_bias = True
    config.seeds = (0, 1, 2, 3, 4)
    config.stage.main.epochs = 30
    config.stage.main.batch_size = 64
    config.stage.main.optimizer.learning_rate = 1e-3
    config.stage.main.optimizer.weight_decay = 1e-4
    return config
