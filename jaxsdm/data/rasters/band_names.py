"""Band names from the file names of CHELSA and WorldClim.

A model is fitted on `bio1` and must find `bio1` again, whichever release, resolution,
period or climate model the file is of.
"""

import re

_CHELSA_VARIABLES = re.compile(
    "ai|clt|cmi|fcf|fgd|gdd|gddlgd|gdgfgd|gsl|gsp|gst|hurs|kg|lgd|ngd|npp|pet|"
    "pr|prec|rsds|scd|sfcwind|swb|swe|tas|tasmax|tasmin|temp|tmax|tmean|tmin|tz|"
    "vpd"
)
_STATISTICS = ("max", "min", "mean", "range")
_MONTH = re.compile(r"0[1-9]|1[0-2]")


def name_from_file(stem: str) -> str:
    """The usual name of the layer in a file, or `stem` itself if it is no known one.

    Bioclimatic layers are `bio1` to `bio19`; monthly ones end in the month, `tas_01`.

    Args:
      stem: file name without folder and suffix.

    >>> name_from_file("CHELSA_bio1_1981-2010_V.2.1"), name_from_file("CHELSA_bio10_01")
    ('bio1', 'bio1')
    >>> name_from_file("wc2.1_30s_tavg_01"), name_from_file("my_slope")
    ('tavg_01', 'my_slope')
    """
    if stem.lower().startswith("chelsa"):
        return _chelsa(stem) or stem
    if re.match(r"wc\d\.\d_", stem):
        return _worldclim(stem) or stem
    plain = re.fullmatch(r"bio_?0*([1-9]|1\d)", stem, re.IGNORECASE)
    return f"bio{plain[1]}" if plain else stem


def names_of_bands(stem: str, count: int) -> tuple[str, ...] | None:
    """Names of the bands of a WorldClim 2.1 file of a future period, or None.

    These hold 19 bioclimatic layers (`..._bioc_...`) or 12 months of one variable.
    """
    found = re.match(r"wc\d\.\d_[\d.]+[ms]_(bioc|tmin|tmax|prec)_", stem)
    if not found or count != (19 if found[1] == "bioc" else 12):
        return None
    if found[1] == "bioc":
        return tuple(f"bio{number}" for number in range(1, 20))
    return tuple(f"{found[1]}_{month:02d}" for month in range(1, 13))


def natural_order(name: str) -> list[tuple[int, str]]:
    """A key to sort by that puts bio2 before bio10."""
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _chelsa(stem: str) -> str | None:
    """CHELSA 1.2 `CHELSA_bio10_07` is bio7, CHELSA 2.1 `CHELSA_bio10_1981-2010` bio10.

    In 1.2 the number behind `bio`, `temp` or `tmean` is that of a release.
    """
    old = re.match(
        r"CHELSA_(bio10|bioclim)_0?([1-9]|1\d)(?=$|_(?!\d{4}))", stem, re.IGNORECASE
    )
    if old:
        return f"bio{old[2]}"
    bio = re.search(r"_bio0?([1-9]|1\d)(?=_|$)", stem, re.IGNORECASE)
    if bio:
        return f"bio{bio[1]}"
    tokens = re.split(r"_V\.?\d", stem, flags=re.IGNORECASE)[0].split("_")[1:]
    for position, token in enumerate(tokens):
        base = re.sub(r"\d+$", "", token).lower()
        if not _CHELSA_VARIABLES.fullmatch(base):
            continue
        name = base if base in ("temp", "tmean", "tmax", "tmin") else token
        rest = tokens[position + 1 :]
        statistic = [t for t in rest if t in _STATISTICS][:1]
        month = [t for t in rest if _MONTH.fullmatch(t)][:1]
        return "_".join([name, *statistic, *month])
    return None


def _worldclim(stem: str) -> str | None:
    """`wc2.1_10m_bio_1` (2.1) and `wc2.0_bio_10m_01` (2.0); `wc2.1_30s_tavg_01`."""
    variable = r"(bio|tavg|tmin|tmax|prec|srad|wind|vapr)"
    found = re.match(rf"wc\d\.\d_[\d.]+[ms]_{variable}_(\d\d?)(?=_|$)", stem) or (
        re.match(rf"wc\d\.\d_{variable}_[\d.]+[ms]_(\d\d?)(?=_|$)", stem)
    )
    if found:
        number = int(found[2])
        return f"bio{number}" if found[1] == "bio" else f"{found[1]}_{number:02d}"
    return "elev" if re.match(r"wc\d\.\d_[\d.]+[ms]_elev(?=_|$)", stem) else None
