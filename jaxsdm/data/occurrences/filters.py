"""Filters for `jaxsdm.data.clean`: each names the rows to leave out, and why.

    from jaxsdm.data import clean, default_filters, filters

    few = [filters.uncertain(at_most_metres=1000), filters.years(first=1980)]
    cleaned = clean(occurrences, [*default_filters(occurrences, stack), *few])

A filter of your own is `Filter("why", lost)`, where `lost` takes occurrences and gives
a bool for each row, true for those to leave out.
"""

from jaxsdm.data.occurrences.filter import Filter
from jaxsdm.data.occurrences.place_filters import (
    equal_coordinates,
    impossible_coordinates,
    low_precision,
    missing_coordinates,
    near,
    outside,
    without_data,
    zero_coordinates,
)
from jaxsdm.data.occurrences.record_filters import (
    NOT_WILD,
    absences,
    basis_of_record,
    dates,
    duplicates,
    missing_species,
    rare_species,
    uncertain,
    years,
)

__all__ = [
    "NOT_WILD",
    "Filter",
    "absences",
    "basis_of_record",
    "dates",
    "duplicates",
    "equal_coordinates",
    "impossible_coordinates",
    "low_precision",
    "missing_coordinates",
    "missing_species",
    "near",
    "outside",
    "rare_species",
    "uncertain",
    "without_data",
    "years",
    "zero_coordinates",
]
