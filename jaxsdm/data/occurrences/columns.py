"""Which column of a table is which: what the names of columns mean.

Names are compared without regard to case; of several columns that could play a part,
the one named first in `ALIASES` does. Sources of the names: Darwin Core and GBIF
(https://dwc.tdwg.org/terms/, https://techdocs.gbif.org/en/data-use/download-formats),
MALPOLON and GeoLifeCLEF (surveyId, speciesId, subset, geoUncertaintyInM), SINR and
iNaturalist (taxon_id, observed_on, positional_accuracy), biomod2 (X_WGS84).
"""

import dataclasses
import fnmatch
from collections.abc import Iterable, Mapping, Sequence

from jaxsdm.data.occurrences.source import GEOMETRY, Source

ALIASES: dict[str, tuple[str, ...]] = {
    "species": (
        *("species", "acceptedScientificName", "scientificName", "scientific_name"),
        *("species_name", "speciesId", "species_id", "taxon_id", "taxonKey"),
        *("speciesKey", "taxon_name", "taxon", "sp", "spid", "class_id"),
    ),
    "longitude": ("decimalLongitude", "longitude", "lon", "lng", "long", "X_WGS84"),
    "latitude": ("decimalLatitude", "latitude", "lat", "Y_WGS84"),
    "x": ("x", "easting"),
    "y": ("y", "northing"),
    "crs": ("crs", "srid", "epsg"),
    "datum": ("geodeticDatum",),
    "survey": (
        *("surveyId", "survey_id", "eventID", "survey", "plotID", "plot_id", "plot"),
        *("siteID", "site_id", "site"),
    ),
    "status": ("occurrenceStatus", "presence", "present", "pa", "occ", "status"),
    "count": ("individualCount", "organismQuantity", "abundance", "count"),
    "date": ("eventDate", "observed_on", "date"),
    "year": ("year",),
    "month": ("month",),
    "day": ("day",),
    "uncertainty": (
        *("coordinateUncertaintyInMeters", "geoUncertaintyInM"),
        "positional_accuracy",
    ),
    "basis": ("basisOfRecord",),
    "country": ("countryCode",),
    "subset": ("subset",),
    "id": ("gbifID", "occurrenceID", "observation_id", "glcID", "id"),
}
"""The parts that a column can play, and the names by which it is known for each."""

ON_DEMAND = ("count", "id")
"""Read only when asked for: GBIF's `individualCount` counts animals, not records."""


@dataclasses.dataclass(frozen=True)
class Chosen:
    """The columns to read.

    Attributes:
      parts: the column of each part (a key of `ALIASES`) that has one.
      wide: columns that are each a species.
      kept: columns that are kept by name.
    """

    parts: dict[str, str]
    wide: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def needed(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys([*self.parts.values(), *self.wide, *self.kept]))


def choose_columns(
    source: Source,
    *,
    columns: Mapping[str, str | None],
    counted: bool,
    crs: bool,
    wide: str | Sequence[str] | None,
    keep: str | Sequence[str],
    one_species: bool,
) -> Chosen:
    """Finds the columns that a reader needs.

    Args:
      source: the table.
      columns: the name of a column for a part, above all aliases; None: no column.
      counted: whether numbers of individuals are wanted.
      crs: whether coordinates of a named CRS are expected.
      wide: columns that are each a species: names, a pattern, or `"rest"`.
      keep: further columns: names, a pattern, or `"rest"`.
      one_species: whether the species is known without a column.

    Raises:
      ValueError: there is no such part or column, or a necessary part has no column.
    """
    unknown = [part for part in columns if part not in ALIASES]
    if unknown:
        raise ValueError(
            f"columns= names {', '.join(map(repr, unknown))}; the parts that columns "
            f"can play are {', '.join(ALIASES)}."
        )
    known = {name.lower(): name for name in reversed(source.columns)}
    parts: dict[str, str] = {}
    for part, aliases in ALIASES.items():
        if part in columns:
            wanted = columns[part]
            if wanted is not None:
                parts[part] = _column(source, wanted, f"columns={{{part!r}: ...}}")
        elif part not in ON_DEMAND or (part == "count" and counted):
            found = [known[one.lower()] for one in aliases if one.lower() in known]
            parts |= {part: found[0]} if found else {}
    parts = _with_one_place(source, parts, columns, crs)
    if wide is not None or one_species:
        parts.pop("species", None)
    if wide is not None:
        parts.pop("status", None)
        parts.pop("count", None)
    wide_names = _several(source, wide, parts.values(), "wide=")
    if wide is not None and not wide_names:
        raise ValueError(
            f"{source.name}: wide={wide!r} names no column; the columns are "
            f"{source.listed()}."
        )
    if not (wide_names or one_species or "species" in parts):
        _refuse(
            source,
            "species",
            " (or species= if all rows are of one; if each species has a column of its "
            "own, name them with wide=: a pattern such as 'sp_*', or 'rest')",
        )
    if counted and not wide_names and "count" not in parts:
        _refuse(source, "count", " for kind='abundance'")
    kept = _several(source, keep, [*parts.values(), *wide_names], "keep=")
    return Chosen(parts, wide_names, kept)


def _with_one_place(
    source: Source,
    parts: dict[str, str],
    columns: Mapping[str, str | None],
    crs: bool,
) -> dict[str, str]:
    """The parts with one pair of coordinates, and what says their CRS."""
    told = {part for part in columns if columns[part] is not None}
    named = {"longitude", "latitude"} <= parts.keys()
    plain = {"x", "y"} <= parts.keys()
    if GEOMETRY[0] in source.columns and not told & {"longitude", "latitude", "x", "y"}:
        parts |= {"x": GEOMETRY[0], "y": GEOMETRY[1]}
        named, plain = False, True
    elif not (named or plain):
        missing = "latitude" if "longitude" in parts else "longitude"
        if "y" in told or "x" in told:
            missing = "y" if "x" in parts else "x"
        _refuse(source, missing, " (or 'x' and 'y' with crs=)")
    dropped: tuple[str, ...]
    # Both: x and y are meant if they or their CRS were named, else degrees.
    if plain and (not named or told & {"x", "y"} or (crs and not told & {"longitude"})):
        dropped = ("longitude", "latitude", "datum")
    elif crs or "crs" in told:
        # Degrees of another datum: treated as x and y of that CRS.
        parts["x"], parts["y"] = parts["longitude"], parts["latitude"]
        dropped = ("longitude", "latitude", "datum")
    else:
        dropped = ("x", "y", "crs")
    if GEOMETRY[0] == parts.get("x"):
        dropped = (*dropped, "crs")
    return {part: name for part, name in parts.items() if part not in dropped}


def _several(
    source: Source,
    wanted: str | Sequence[str] | None,
    taken: Iterable[str],
    caller: str,
) -> tuple[str, ...]:
    """Names, a pattern such as `"sp_*"`, or `"rest"`: all that no other part takes."""
    if wanted is None:
        return ()
    used = {*taken, *GEOMETRY}
    if wanted == "rest":
        return tuple(dict.fromkeys(n for n in source.columns if n not in used))
    found: list[str] = []
    for one in [wanted] if isinstance(wanted, str) else wanted:
        if any(sign in one for sign in "*?") and one not in source.columns:
            found += [
                name
                for name in source.columns
                if fnmatch.fnmatchcase(name, one) and name not in used
            ]
        else:
            found.append(_column(source, one, caller))
    return tuple(dict.fromkeys(found))


def _column(source: Source, wanted: str, caller: str) -> str:
    if wanted in source.columns:
        return wanted
    alike = [name for name in source.columns if name.lower() == wanted.lower()]
    if len(alike) != 1:
        raise ValueError(
            f"{source.name}: {caller} names a column {wanted!r}; the columns are "
            f"{source.listed()}."
        )
    return alike[0]


def _refuse(source: Source, part: str, remark: str) -> None:
    raise ValueError(
        f"{source.name}: no column says the {part}: there is none of "
        f"{', '.join(ALIASES[part])}. The columns are {source.listed()}. Name it with "
        f"columns={{{part!r}: ...}}{remark}."
    )
