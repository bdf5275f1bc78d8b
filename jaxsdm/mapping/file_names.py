"""A file name for every species: readable, allowed everywhere, and its own."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_LONGEST = 180
"""Bytes of a name without its suffix: file systems stop at 255."""

_DEVICES = re.compile(r"(?i:con|prn|aux|nul|com\d|lpt\d)(\..*)?")
"""What Windows takes for a device, whatever follows the dot."""


def file_names(
    species: Sequence[str], *, suffix: str = ".tif", taken: Iterable[str] = ()
) -> tuple[str, ...]:
    """File names of species, different even where upper and lower case are one.

    Letters and digits of any script, dots and hyphens stay; a run of other characters
    becomes `_`. The same species in the same order have the same names.

    Args:
      species: their names.
      suffix: of the files.
      taken: names, without suffix, that other files have.

    >>> file_names(["Abies alba", "Abies alba Mill.", "abies/alba", "x" ])
    ('Abies_alba.tif', 'Abies_alba_Mill.tif', 'abies_alba_2.tif', 'x.tif')
    """
    used = {name.casefold() for name in taken}
    found = []
    for name in species:
        stem = _safe(name)
        number, free = 1, stem
        while free.casefold() in used:
            number += 1
            free = f"{stem}_{number}"
        used.add(free.casefold())
        found.append(free + suffix)
    return tuple(found)


def _safe(name: str) -> str:
    text = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", name)).strip("._-")
    text = text.encode()[:_LONGEST].decode(errors="ignore") or "species"
    return f"{text}_" if _DEVICES.fullmatch(text) else text
