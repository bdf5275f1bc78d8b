"""What patches are worth where they matter: the virtual world, read from its files.

Ruggedness and the share of forest in 5 x 5 cells decide where species live, and are not
among the predictors (jaxsdm/datasets/virtual.py): a model of the values at a place
cannot know them, one that sees the cells around it can. The world is written out as
GeoTIFFs and Darwin Core tables and read like a user's own files. Nothing was tuned.

AUC on the surveys and correlation with the truth: docs/results.md. Time: about two
minutes of two cores.

    python scripts/train.py --config=configs/patches/virtual.py \
        --workdir=runs/virtual_patches --evaluate
    python scripts/train.py --config=configs/patches/virtual.py:pixels \
        --workdir=runs/virtual_pixels --evaluate
    python scripts/train.py --config=configs/patches/virtual.py:both \
        --workdir=runs/virtual_both --evaluate
"""

from ml_collections import ConfigDict

from jaxsdm.training import default_config, patches

SEES = ("both", "patches", "pixels")


def get_config(sees="patches"):
    """Five seeds of a network that sees patches, the values at the place, or both."""
    if sees not in SEES:
        raise ValueError(f"unknown argument {sees!r}; known: {', '.join(SEES)}.")
    config = default_config()
    config.dataset = ConfigDict({"name": "virtual_files", "folder": "runs/world"})
    if sees in ("both", "patches"):
        config.model = ConfigDict({"name": "residual_cnn", "widths": (32, 64)})
        config.model.table_width = 128 if sees == "both" else 0
        config.patches.around = patches("raster", 9)
    else:
        config.model.hidden = 128
        config.model.blocks = 1
    config.model.dropout = 0.2
    config.seeds = (0, 1, 2, 3, 4)
    config.stage.main.epochs = 60
    config.stage.main.optimizer.learning_rate = 1e-3
    config.stage.main.optimizer.weight_decay = 1e-4
    return config
