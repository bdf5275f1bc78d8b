"""A table like a "simple" download of GBIF: 50 columns, tab-separated, no quoting.

Names, order and widths of the columns are those of such downloads: long identifiers
and names, most of which no model needs. Rows are drawn at random; a few have the faults
that real ones have (no coordinates, zero coordinates, no species, quotes in free text).
"""

import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

_NAMES = """
    gbifID datasetKey occurrenceID kingdom phylum class order family genus species
    infraspecificEpithet taxonRank scientificName verbatimScientificName
    verbatimScientificNameAuthorship countryCode locality stateProvince
    occurrenceStatus individualCount publishingOrgKey decimalLatitude
    decimalLongitude coordinateUncertaintyInMeters coordinatePrecision elevation
    elevationAccuracy depth depthAccuracy eventDate day month year taxonKey
    speciesKey basisOfRecord institutionCode collectionCode catalogNumber
    recordNumber identifiedBy dateIdentified license rightsHolder recordedBy
    typeStatus establishmentMeans lastInterpreted mediaType issue
"""
COLUMNS = tuple(_NAMES.split())
ROWS_AT_ONCE = 200_000
_QUOTE = "\N{HEAVY DOUBLE TURNED COMMA QUOTATION MARK ORNAMENT}"
_LICENSES = ("CC0_1_0", "CC_BY_4_0", "CC_BY_NC_4_0")
_BASES = ("HUMAN_OBSERVATION", "PRESERVED_SPECIMEN", "FOSSIL_SPECIMEN", "OCCURRENCE")


def write_gbif_table(
    path: pathlib.Path, rows: int, *, species: int = 5000, seed: int = 0
) -> None:
    """Writes so many rows, in pieces, so that memory does not grow with them.

    Args:
      path: of the file.
      rows: below the header.
      species: how many there are; a few have most of the records.
      seed: of the random numbers.
    """
    rng = np.random.default_rng(seed)
    names = [f"Genus{n % 997}us species{n}" for n in range(species)]
    options = pa.csv.WriteOptions(
        include_header=False, delimiter="\t", quoting_style="none"
    )
    with path.open("wb") as file:
        file.write(("\t".join(COLUMNS) + "\n").encode())
        for start in range(0, rows, ROWS_AT_ONCE):
            piece = _piece(rng, names, start, min(ROWS_AT_ONCE, rows - start))
            buffer = pa.BufferOutputStream()
            pa.csv.write_csv(piece, buffer, options)
            text = buffer.getvalue().to_pybytes()
            # The writer refuses quotes where nothing is quoted; GBIF does not.
            file.write(text.replace(_QUOTE.encode(), b'"'))


def _piece(
    rng: np.random.Generator, names: list[str], start: int, rows: int
) -> pa.Table:
    def one_of(pool: list[str] | tuple[str, ...]) -> pa.Array:
        codes = pa.array(rng.integers(0, len(pool), rows), pa.int32())
        return pa.DictionaryArray.from_arrays(codes, pa.array(pool)).cast(pa.string())

    def of_species(text: list[str]) -> pa.Array:
        return pa.array(text).take(which)

    def with_gaps(values: pa.Array, share: float) -> pa.Array:
        return pc.if_else(rng.random(rows) < share, None, values)

    which = (len(names) * rng.random(rows) ** 3).astype(np.int64)
    longitude = np.round((rng.normal(5, 40, rows) + 180) % 360 - 180, 6)
    latitude = np.round(np.clip(rng.normal(45, 15, rows), -89, 89), 6)
    zero = rng.random(rows) < 0.002
    longitude[zero] = latitude[zero] = 0.0
    missing = rng.random(rows) < 0.03
    day = rng.integers(0, 12_000, rows).astype("timedelta64[D]") + np.datetime64(
        "1990-01-01"
    )
    seconds = day.astype("datetime64[s]") + rng.integers(0, 86_400, rows).astype(
        "timedelta64[s]"
    )
    month = day.astype("datetime64[M]")
    year = month.astype("datetime64[Y]")
    keys = [f"{n:08x}-9177-4e0a-a0b1-{n * 7919:012x}" for n in range(300)]
    people = [f"Surname{n}, Given{n} | Other{n * 3}" for n in range(2000)]
    places = [f"Some way {n} km N of {_QUOTE}Place {n}{_QUOTE}" for n in range(3000)]
    numbers = pa.array(np.arange(start, start + rows) + 1_000_000_000)
    columns = {
        "gbifID": numbers,
        "datasetKey": one_of(keys),
        "occurrenceID": pc.binary_join_element_wise(
            "https://www.inaturalist.org/observations", numbers.cast(pa.string()), "/"
        ),
        "kingdom": one_of(("Plantae",)),
        "phylum": one_of(("Tracheophyta", "Bryophyta")),
        "class": one_of(("Magnoliopsida", "Liliopsida", "Polypodiopsida")),
        "order": one_of(("Asterales", "Poales", "Rosales", "Fabales")),
        "family": one_of(("Asteraceae", "Poaceae", "Rosaceae", "Fabaceae")),
        "genus": of_species([name.split()[0] for name in names]),
        "species": with_gaps(of_species(names), 0.02),
        "taxonRank": one_of(("SPECIES", "SUBSPECIES", "GENUS")),
        "scientificName": of_species([f"{name} (L.) Hill, 1768" for name in names]),
        "verbatimScientificName": of_species(names),
        "countryCode": one_of(("FR", "DE", "BE", "NA", "US", "AU", "NO")),
        "locality": one_of(places),
        "stateProvince": one_of([f"Province {n}" for n in range(200)]),
        "occurrenceStatus": one_of(("PRESENT",)),
        "individualCount": with_gaps(one_of([str(n) for n in range(1, 30)]), 0.7),
        "publishingOrgKey": one_of(keys),
        "decimalLatitude": pa.array(latitude, mask=missing),
        "decimalLongitude": pa.array(longitude, mask=missing),
        "coordinateUncertaintyInMeters": with_gaps(
            pa.array(np.round(rng.lognormal(4, 2, rows), 1)), 0.3
        ),
        "eventDate": pa.array(np.datetime_as_string(seconds)),
        "day": pa.array((day - month).astype(int) + 1),
        "month": pa.array((month - year).astype(int) + 1),
        "year": pa.array(year.astype(int) + 1970),
        "taxonKey": pa.array(which + 2_700_000),
        "speciesKey": pa.array(which + 2_700_000),
        "basisOfRecord": one_of(_BASES),
        "institutionCode": one_of(("iNaturalist", "MNHN", "naturgucker", "K")),
        "collectionCode": one_of(("Observations", "Vascular plants", "P")),
        "catalogNumber": numbers,
        "identifiedBy": one_of(people),
        "dateIdentified": pa.array(np.datetime_as_string(seconds)),
        "license": one_of(_LICENSES),
        "rightsHolder": one_of(people),
        "recordedBy": one_of(people),
        "lastInterpreted": one_of(("2024-05-01T09:14:31.112Z",)),
        "mediaType": one_of(("StillImage", "StillImage;StillImage", "")),
        "issue": one_of(
            ("COORDINATE_ROUNDED;CONTINENT_DERIVED_FROM_COORDINATES", "", "TAXON_MATCH")
        ),
    }
    empty = pa.nulls(rows, pa.string())
    return pa.table({name: columns.get(name, empty) for name in COLUMNS})
