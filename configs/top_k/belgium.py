"""Losses compared on a heavy tail: 415 plants of Belgium, judged on held-out places.

One network and one schedule for all; only the loss, and the head that it wants, differ.
Hyper-parameters of the losses are the published ones (Garcin et al. 2022,
arXiv:2202.02193, for Pl@ntNet-300K; Menon et al. 2021, arXiv:2007.07314; Ridnik et al.
2021, arXiv:2009.14119); nothing was tuned. Needs the two files of
jaxsdm/datasets/belgium.py under JAXSDM_DATA.

Top-K and average-K accuracy of every loss, and AUC: docs/results.md. Time: about half a
minute of two cores a loss, five seeds.

    python scripts/train.py --config=configs/top_k/belgium.py \
        --workdir=runs/belgium --evaluate
    python scripts/train.py --config=configs/top_k/belgium.py:focal \
        --workdir=runs/belgium_focal --evaluate
"""

from ml_collections import ConfigDict

from jaxsdm.training import default_config

K = 5

LOSSES = {
    "softmax_cross_entropy": {},
    "focal": {"gamma": 2.0},
    "ldam": {"max_margin": 0.2, "scale": 40.0},
    "logit_adjusted": {"tau": 1.0},
    "stochastic_top_k_hinge": {"k": K, "epsilon": 1.0},
    "stochastic_top_k_hinge_imbalanced": {
        "k": K,
        "epsilon": 0.01,
        "max_margin": 0.2,
        "scale": 60.0,
    },
    "expected_top_k_hinge": {"k": K, "epsilon": 1.0},
    "smooth_top_k_svm": {"k": K, "tau": 0.1},
    "two_head_average_k": {"k": K},
    "binary_cross_entropy": {},
    "asymmetric": {"gamma_positive": 0.0, "gamma_negative": 4.0, "clip": 0.05},
    "normalized_poisson": {},
}
"""Objective and its options, by the argument of the config."""

COSINE = ("ldam", "stochastic_top_k_hinge_imbalanced")
"""Losses with margins that mean something only for logits of a bounded range."""


def get_config(loss="stochastic_top_k_hinge"):
    """Five seeds of one network under one loss."""
    if loss not in LOSSES:
        raise ValueError(f"unknown loss {loss!r}; known: {', '.join(sorted(LOSSES))}.")
    config = default_config()
    config.dataset = ConfigDict({"name": "belgium"})
    config.objective = ConfigDict(
        {"name": loss.removesuffix("_imbalanced"), **LOSSES[loss]}
    )
    config.model.hidden = 128
    config.model.blocks = 1
    config.model.dropout = 0.2
    if loss in COSINE:
        config.model.head = "cosine"
    elif loss != "normalized_poisson":
        config.model.head_bias = True
    if loss == "two_head_average_k":
        config.model.set_head = True
    config.seeds = (0, 1, 2, 3, 4)
    config.stage.main.epochs = 100
    config.stage.main.optimizer.learning_rate = 1e-3
    config.stage.main.optimizer.weight_decay = 1e-4
    return config
