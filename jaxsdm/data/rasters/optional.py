"""Libraries that only some users of the data room install."""

import importlib
import types


def optional(module: str) -> types.ModuleType:
    """Imports a library of the extra `data`, or says how to get it.

    Args:
      module: dotted name, such as `"rasterio.warp"`.

    Raises:
      ModuleNotFoundError: if it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != library:
            raise
        raise ModuleNotFoundError(
            f"This needs {library}: pip install 'jaxsdm[data]'.", name=library
        ) from error
