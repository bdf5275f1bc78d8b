"""The Python of the README runs, and its training loop learns."""

import pathlib
import re

import pytest

TEXT = (pathlib.Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)


def test_there_are_examples():
    assert len(BLOCKS) >= 2


@pytest.mark.parametrize("block", BLOCKS)
def test_example(block):
    losses = []
    names = {"seen": losses}
    if "for step" in block:
        block = block.replace(
            "    updates, state", "    seen.append(float(loss))\n    updates, state"
        )
    exec(block, names)
    if losses:
        assert len(losses) == 100
        assert losses[-1] < 0.8 * losses[0]
