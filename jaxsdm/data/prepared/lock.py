"""One preparation at a time in a folder."""

import contextlib
import os
import pathlib
import platform
from collections.abc import Iterator

try:
    import fcntl
except ModuleNotFoundError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

LOCK = "prepare.lock"


@contextlib.contextmanager
def alone_in(folder: pathlib.Path) -> Iterator[None]:
    """Keeps other preparations out of a folder while the block runs.

    The lock is one of the system (`flock`), which ends with its process, however that
    ends: a file left behind blocks nobody. Where the file system has no locks, nothing
    is locked.

    Raises:
      OSError: if another preparation is at work there; the message names its process.
    """
    path = folder / LOCK
    file = _locked(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # first: whoever has opened it looks again
        os.close(file)


def _locked(path: pathlib.Path) -> int:
    """The lock file, open and locked."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(file, 1000).decode(errors="replace") or "another process"
            os.close(file)
            raise OSError(
                f"prepare: {holder} is writing into {path.parent}. Wait until it is "
                "done, or stop it: then the same command goes on where it stopped."
            ) from error
        except OSError:  # no locks on this file system
            pass
        if _is_still_there(path, file):
            os.truncate(file, 0)
            os.write(file, f"process {os.getpid()} on {platform.node()}".encode())
            return file
        os.close(file)


def _is_still_there(path: pathlib.Path, file: int) -> bool:
    """Whether the path is that of the open file: a holder deletes it in the end."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False
