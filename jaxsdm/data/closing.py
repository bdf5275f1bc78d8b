"""What is closed at the end of a `with` block."""

import abc
import types
from typing import TypeVar

_Self = TypeVar("_Self", bound="Closing")  # beartype has no typing.Self in one method


class Closing(abc.ABC):
    """A base of things with a `close`, which a `with` block then calls."""

    @abc.abstractmethod
    def close(self) -> None:
        """Lets go of what is held."""

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self.close()
