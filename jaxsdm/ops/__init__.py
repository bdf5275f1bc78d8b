"""Array functions that stay exact when an axis is sharded over devices."""

from jaxsdm.ops.collectives import (
    all_max,
    all_sum,
)
from jaxsdm.ops.columns import (
    all_columns,
    columns_mask,
    first_column,
    local_columns,
    take_columns,
)
from jaxsdm.ops.expected_order_statistic import (
    expected_kth_largest,
)
from jaxsdm.ops.log_sum_exp import (
    log_sum_exp,
    log_sum_exp_parts,
)
from jaxsdm.ops.normal import (
    random_normal,
)
from jaxsdm.ops.order_statistics import (
    kth_and_next_largest,
    kth_largest,
    largest_mask,
)
from jaxsdm.ops.random_bits import (
    random_bits,
    random_uniform,
)
from jaxsdm.ops.symmetric_polynomials import (
    elementary_symmetric,
)
from jaxsdm.ops.top_k import (
    top_k,
)

__all__ = [
    "all_columns",
    "all_max",
    "all_sum",
    "columns_mask",
    "elementary_symmetric",
    "expected_kth_largest",
    "first_column",
    "kth_and_next_largest",
    "kth_largest",
    "largest_mask",
    "local_columns",
    "log_sum_exp",
    "log_sum_exp_parts",
    "random_bits",
    "random_normal",
    "random_uniform",
    "take_columns",
    "top_k",
]
