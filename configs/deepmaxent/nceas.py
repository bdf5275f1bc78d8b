"""DeepMaxent on NCEAS, networks only, every choice made on presence-only data.

Three kinds of network, five seeds each, weighed for each model by spatial
cross-validation on its records (scripts/tune.py; nceas_choices.json beside this file).

ROC AUC, mean of 6 regions / of 225 species: .774 / .770, where the published recipe
has .767 / .763 (docs/results.md, with what limits it). Time: about two minutes of two
cores; tuning a quarter of an hour.

    python scripts/train.py --config=configs/deepmaxent/nceas.py \
        --workdir=runs/nceas --evaluate
    python scripts/tune.py --config=configs/deepmaxent/nceas.py --workdir=runs/tune \
        --choices=configs/deepmaxent/nceas_choices.json
"""

import json
import pathlib

from ml_collections import ConfigDict

from jaxsdm.training import default_config

CHOICES = pathlib.Path(__file__).with_name("nceas_choices.json")
"""Weights of the members for each model, as scripts/tune.py wrote them."""

SEEDS = (655, 115, 26, 760, 282)
BACKGROUND_MASS = 3 / 7  # 30 % of the partition is random background


def get_config():
    """A blend of three kinds of network, five seeds each."""
    config = default_config()
    config.dataset.name = "nceas"
    config.dataset.path = ""
    config.dataset.region = ""
    config.dataset.group = ""
    config.dataset.protocol = "own_survey"
    config.members = {
        "target_group": network(dropout=0.2),
        "strong_dropout": network(dropout=0.5),
        "background": network(dropout=0.2, mass=BACKGROUND_MASS),
    }
    config.tuning.candidates = candidates()
    config.tuning.rule = "last_within_one_se"
    config.tuning.seeds = (0, 1, 2)
    config.weights = json.loads(CHOICES.read_text()) if CHOICES.exists() else {}
    return config


def network(dropout, mass=0.0):
    """Five seeds of the published network, at five times its learning rate."""
    config = default_config()
    config.seeds = SEEDS
    config.model.dropout = dropout
    config.background.mass = mass
    main = config.stage.main
    main.epochs = 20
    main.optimizer.learning_rate = 1e-3
    main.optimizer.weight_decay = 3e-4
    main.optimizer.decay = "l2"
    return ConfigDict(config)


def candidates():
    """Weights to choose between, the preferred last: more background, more diversity.

    A random background tells a model about the whole area, so it is preferred as long
    as cross-validation against the target group does not speak against it.
    """
    ordered = []
    for share in (0.0, 0.25, 0.5, 0.75):
        rest = 1 - share
        ordered.append({"target_group": rest, "background": share})
        ordered.append(
            {
                "target_group": rest / 2,
                "strong_dropout": rest / 2,
                "background": share,
            }
        )
    return (*ordered, {"background": 1.0})
