"""DeepMaxent on NCEAS, the published recipe (Ryckewaert et al. 2024, arXiv:2412.19217).

A network a region and group, 100 epochs at 2e-4, one seed, target-group sites only, the
epoch of the lowest training loss kept.

ROC AUC, mean of 6 regions / of 225 species: published code .767 / .763, here .768 /
.764 (by region, and what judges: docs/results.md). Time: about a minute of
two cores, compilation included.

    python scripts/train.py --config=configs/deepmaxent/nceas_reference.py \
        --workdir=runs/reference --evaluate
"""

from jaxsdm.training import default_config


def get_config():
    """The recipe of the authors' NCEAS benchmark."""
    config = default_config()
    config.dataset.name = "nceas"
    config.dataset.path = ""
    config.dataset.region = ""
    config.dataset.group = ""
    config.dataset.protocol = "own_survey"
    config.seeds = (655,)
    config.keep = "best_epoch"
    main = config.stage.main
    main.epochs = 100
    main.batch_size = 250
    main.optimizer.learning_rate = 2e-4
    main.optimizer.weight_decay = 3e-4
    main.optimizer.decay = "l2"
    return config
