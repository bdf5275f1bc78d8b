"""Preparations that stop half-way, and folders byte for byte."""

import hashlib


def digest(folder):
    """Every file of a folder, by its path and the hash of its bytes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Stopped(Exception):
    """Raised while a preparation is under way."""


def stop_after(stripes):
    """A `progress` that raises after so many stripes."""
    calls = []

    def progress(done, rows):
        calls.append(done)
        if len(calls) == stripes:
            raise Stopped

    return progress
