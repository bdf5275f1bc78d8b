"""Cleaning: filters in a stated order, and a report of what each of them took."""

import dataclasses
from collections.abc import Iterable

from jaxsdm.data.occurrences import filters as by
from jaxsdm.data.occurrences.filters import Filter
from jaxsdm.data.occurrences.occurrences import Occurrences
from jaxsdm.data.occurrences.report import Step
from jaxsdm.data.occurrences.swapped import note_of_swapped
from jaxsdm.data.rasters import RasterGrid, RasterStack


def default_filters(
    occurrences: Occurrences,
    rasters: RasterStack | RasterGrid | None = None,
    *,
    duplicates: bool = True,
) -> tuple[Filter, ...]:
    """The filters that any table should pass, in their order.

    1. Rows without a species.
    2. Rows without coordinates; with impossible ones; at longitude 0, latitude 0.
    3. Of presence-only tables: absences.
    4. Where the table has `basisOfRecord`: fossils and specimens that lived in gardens.
    5. Of presence-only tables: duplicates of species, coordinates and, where the table
       has it, `eventDate`.
    6. With rasters: rows outside them; with a stack, rows in cells without data.

    Surveys keep their duplicates, which are visits. What depends on the question is
    for the caller to add: uncertainty, dates, centroids, rare species.

    Args:
      occurrences: whose kind and columns tell which filters apply.
      rasters: where the records should lie.
      duplicates: whether they are left out of presence-only tables.
    """
    presence_only = occurrences.kind == "presence_only"
    columns = occurrences.table.columns
    chosen = [
        by.missing_species(),
        by.missing_coordinates(),
        by.impossible_coordinates(),
        by.zero_coordinates(),
    ]
    if presence_only:
        chosen.append(by.absences())
    if "basisOfRecord" in columns:
        chosen.append(by.basis_of_record())
    if presence_only and duplicates:
        day = ["eventDate"] if "eventDate" in columns else []
        chosen.append(
            by.duplicates(["species", "decimalLongitude", "decimalLatitude", *day])
        )
    if rasters is not None:
        chosen.append(by.outside(rasters))
    if isinstance(rasters, RasterStack):
        chosen.append(by.without_data(rasters))
    return tuple(chosen)


def clean(
    occurrences: Occurrences,
    filters: Iterable[Filter] | None = None,
    *,
    rasters: RasterStack | RasterGrid | None = None,
) -> Occurrences:
    """The rows that no filter takes, with a report of how many each took.

    Filters see what those before them left: a row is counted once, by the first that
    takes it, and a rare species is rare among the rows that are left by then.

    Args:
      occurrences: as read.
      filters: in their order; None is `default_filters(occurrences, rasters)`. Others
        replace those, so add them: `[*default_filters(occurrences, stack),
        filters.uncertain(1000)]`.
      rasters: for the default filters, and to tell rows that would be inside if
        longitude and latitude were exchanged. These are noted in the report, and taken
        by `outside` unless `swap_coordinates` mends them first.

    Raises:
      ValueError: no row is left; the message has the report in words. A filter needs a
        column that the table lacks.
    """
    if filters is None:
        filters = default_filters(occurrences, rasters)
    note = note_of_swapped(occurrences, rasters)
    if note:
        occurrences = occurrences.note(note)
    for reason, lost in filters:
        if not len(occurrences):
            break
        taken = lost(occurrences)
        if taken.any():
            occurrences = occurrences.keep(~taken, reason)
        else:  # the same, without a copy of the table
            step = Step(reason, 0, len(occurrences), len(occurrences.species))
            report = occurrences.report.then(step)
            occurrences = dataclasses.replace(occurrences, report=report)
    if not len(occurrences):
        raise ValueError(f"No row is left after cleaning. {occurrences.report}")
    return occurrences
