"""Checkpoints: save, find and restore a training state, by Orbax.

One folder per task, one sub-folder per step, written aside and renamed, so that a
full disk or a kill in the middle leaves the checkpoint before it untouched. Beside
the arrays lies `about`, a JSON description of what they belong to; restoring into
another architecture is refused by comparing it.
"""

import contextlib
import json
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import orbax.checkpoint as ocp
from jaxtyping import PyTree


class Checkpoints:
    """The checkpoints of one task.

    Args:
      folder: of one task.
      keep: how many of the latest to keep.
      create: make the folder if it is missing; False for reading only.

    Raises:
      FileNotFoundError: the folder is missing and is not to be made.
    """

    def __init__(
        self, folder: str | pathlib.Path, keep: int = 2, *, create: bool = True
    ):
        # Orbax fails late, in a background thread, on a path that is not absolute.
        self.folder = pathlib.Path(folder).resolve()
        if not create and not self.folder.is_dir():
            raise FileNotFoundError(self._nothing())
        self._manager = ocp.CheckpointManager(
            self.folder,
            item_names=("state", "about"),
            options=ocp.CheckpointManagerOptions(
                max_to_keep=keep, enable_async_checkpointing=False
            ),
        )

    def latest_step(self) -> int | None:
        """The step of the newest complete checkpoint, or None."""
        return self._manager.latest_step()

    def save(self, step: int, state: PyTree, about: Mapping[str, Any]) -> None:
        """Writes a checkpoint; returns when it is complete.

        Raises:
          OSError: it could not be written (disk full, no permission); the checkpoints
            before it are as they were.
        """
        if step == self.latest_step():
            return
        try:
            self._manager.save(
                step,
                args=ocp.args.Composite(
                    state=ocp.args.StandardSave(state),
                    about=ocp.args.JsonSave(dict(about)),
                ),
                force=True,
            )
        except Exception as error:
            latest = self.latest_step()
            rest = "none was there" if latest is None else f"step {latest} still loads"
            raise OSError(
                f"the checkpoint of step {step} could not be written to {self.folder} "
                f"({type(error).__name__}: {error}); {rest}. Make room, then start the "
                "same command again to go on from there."
            ) from error

    def about(self, step: int | None = None) -> dict[str, Any]:
        """The description that was saved with a step (the latest by default).

        Raises:
          FileNotFoundError: there is no complete checkpoint.
        """
        step = self._existing(step)
        return dict(self._read(step, "about", ocp.args.JsonRestore()))

    def restore(
        self, target: PyTree, about: Mapping[str, Any], step: int | None = None
    ) -> PyTree:
        """The state of a step (the latest by default), on the target's devices.

        Args:
          target: tree of `jax.ShapeDtypeStruct`s with shardings; another mesh than
            the one it was saved from is fine.
          about: must equal what was saved, key for key.
          step: which; the latest by default.

        Raises:
          FileNotFoundError: there is no complete checkpoint.
          OSError: it is damaged; says what to delete.
          ValueError: it belongs to another architecture; names what differs.
        """
        step = self._existing(step)
        saved = self.about(step)
        about = json.loads(json.dumps(about))  # tuples to lists, as saved
        differing = sorted(
            key for key in {*saved, *about} if saved.get(key) != about.get(key)
        )
        if differing:
            lines = "; ".join(
                f"{key}: saved {_short(saved.get(key))}, "
                f"wanted {_short(about.get(key))}"
                for key in differing
            )
            raise ValueError(
                f"the checkpoint {self.folder}/{step} belongs to another model. "
                f"{lines}. Use the config it was trained with, or another --workdir."
            )
        return self._read(step, "state", ocp.args.StandardRestore(target))

    def _read(self, step: int, item: str, how: Any) -> Any:
        """One item of a checkpoint, or an error that says how to do without it."""
        try:
            restored = self._manager.restore(
                step, args=ocp.args.Composite(**{item: how})
            )
            return restored[item]
        except Exception as error:
            older = [one for one in self._manager.all_steps() if one < step]
            instead = f"step {max(older)}" if older else "the beginning"
            raise OSError(
                f"the checkpoint {self.folder}/{step} cannot be read "
                f"({type(error).__name__}: {_short(str(error))}). Delete that folder "
                f"and start the same command again to go on from {instead}."
            ) from error

    def close(self) -> None:
        """Releases the manager's threads."""
        self._manager.close()

    def _existing(self, step: int | None) -> int:
        step = self.latest_step() if step is None else step
        if step is None:
            raise FileNotFoundError(self._nothing())
        return step

    def _nothing(self) -> str:
        return (
            f"no complete checkpoint in {self.folder}: train it first "
            "(scripts/train.py)."
        )


@contextlib.contextmanager
def open_checkpoints(
    folder: str | pathlib.Path, keep: int = 2, *, create: bool = True
) -> Iterator[Checkpoints]:
    """`Checkpoints` that are closed at the end of the block."""
    checkpoints = Checkpoints(folder, keep, create=create)
    try:
        yield checkpoints
    finally:
        checkpoints.close()


def _short(value: Any, length: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= length else text[: length - 1] + "…"
