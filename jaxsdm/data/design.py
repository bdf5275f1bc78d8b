"""The study design behind a task: what was left out of its tables, and who judges whom.

A task has what a model is fitted to and judged on. How that came about is kept beside
it, so that a report can say it.
"""

import dataclasses
from collections.abc import Mapping

from jaxsdm.data.occurrences.report import CleaningReport
from jaxsdm.data.sites import SiteTable
from jaxsdm.data.splits import BlockSize, Split


@dataclasses.dataclass(frozen=True, eq=False)
class Design:
    """How the tables of a task came about.

    Attributes:
      cleaning: table -> its cleaning: `"records"`, and the surveys by their names.
      sites: all sites with records or surveys, before any was held out.
      area: cells at random of the whole area, before any was left out.
      kind: of the occurrences, one of `jaxsdm.data.occurrences.KINDS`.
      split: the folds of `sites`; None where nothing was held out.
      method: how they were split, in words: `"spatial blocks of 12000 m"`.
      tested: the fold that is held out.
      block_size: how the side of blocks was derived from the range of spatial
        autocorrelation of the predictors, where none was given.
    """

    cleaning: Mapping[str, CleaningReport]
    sites: SiteTable
    area: SiteTable
    kind: str = "presence_only"
    split: Split | None = None
    method: str = ""
    tested: int = 0
    block_size: BlockSize | None = None
