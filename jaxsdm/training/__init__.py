"""Training: (model, objective, stages, batches) to states, checkpoints and logs."""

from jaxsdm.training.config import default_config, patches, stage
from jaxsdm.training.context import MemberScores
from jaxsdm.training.fits import BY_NAME, check, load_members, load_predictor, train
from jaxsdm.training.interruption import Interrupted
from jaxsdm.training.problem import Problem, make_problem
from jaxsdm.training.proximal import MaxentFit, fit_maxent
from jaxsdm.training.run import Run, load_run, open_run, select_tasks
from jaxsdm.training.step import Hyper, Program, TrainState
from jaxsdm.training.step_table import Table

__all__ = [
    "BY_NAME",
    "Hyper",
    "Interrupted",
    "MaxentFit",
    "MemberScores",
    "Problem",
    "Program",
    "Run",
    "Table",
    "TrainState",
    "check",
    "default_config",
    "fit_maxent",
    "load_members",
    "load_predictor",
    "load_run",
    "make_problem",
    "open_run",
    "patches",
    "select_tasks",
    "stage",
    "train",
]
