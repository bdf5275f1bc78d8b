"""Stopping cleanly: SIGTERM and Ctrl-C ask, the training loop answers when it can."""

import contextlib
import signal
from collections.abc import Iterator


class Interrupted(SystemExit):
    """Raised after the state was saved; the exit status is 128 + the signal."""

    def __init__(self, number: int, message: str):
        super().__init__(128 + number)
        self.message = message

    def __str__(self) -> str:
        return self.message


class Interruption:
    """Remembers whether a signal came."""

    def __init__(self) -> None:
        self.number: int | None = None

    def request(self, number: int, frame: object = None) -> None:
        """Signal handler: the first signal asks, a second one of Ctrl-C stops now."""
        del frame
        if self.number is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.number = number


@contextlib.contextmanager
def catch_signals() -> Iterator[Interruption]:
    """Within the block, SIGTERM and SIGINT set `Interruption.number`.

    Outside the main thread, where Python allows no handlers, nothing is caught.
    """
    interruption = Interruption()
    previous = {}
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(ValueError):
                previous[number] = signal.signal(number, interruption.request)
        yield interruption
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
