"""What a compiled program sends between devices, read from its HLO text.

XLA writes the optimised program as text (`compiled.as_text()`); every collective stands
there with its shape and the groups of devices that take part. A collective inside the
body of a loop is counted once a turn of the loop (in the training program: a step), one
outside once a call.

Bytes sent are those of the ring algorithms, per device, for a group of `g`:

    all-reduce      2 (g - 1) / g  x bytes of the result
    all-gather        (g - 1) / g  x bytes of the result
    reduce-scatter    (g - 1)      x bytes of the result (a g-th of the operand)
    all-to-all        (g - 1) / g  x bytes of the result
    collective-permute               bytes of the result

Source: Thakur, Rabenseifner and Gropp 2005, doi:10.1177/1094342005051521.
"""

import dataclasses
import math
import re
from collections.abc import Iterable

KINDS = (
    "all-reduce",
    "all-gather",
    "reduce-scatter",
    "all-to-all",
    "collective-permute",
)

# https://openxla.org/xla/shapes; the narrow floats all begin with f8.
_BYTES = {
    "pred": 1,
    "s4": 1,
    "u4": 1,
    "s8": 1,
    "u8": 1,
    "s16": 2,
    "u16": 2,
    "bf16": 2,
    "f16": 2,
    "s32": 4,
    "u32": 4,
    "f32": 4,
    "s64": 8,
    "u64": 8,
    "f64": 8,
    "c64": 8,
    "c128": 16,
}

_HEADER = re.compile(r"^(?:ENTRY )?%?([\w.\-]+) \(.*\{\s*$")
_COLLECTIVE = re.compile(rf" = (.*?) ({'|'.join(KINDS)})(-start)?\(")
_CALLED = re.compile(r"\b(\w+)=(?:%?([\w.\-]+)|\{([^{}]*)\})")
_ARRAY = re.compile(r"\b([a-z]+\d*\w*)\[([\d,]*)\]")
_CALLERS = {
    "body",
    "condition",
    "to_apply",
    "calls",
    "branch_computations",
    "called_computations",
    "true_computation",
    "false_computation",
}


@dataclasses.dataclass(frozen=True)
class Collective:
    """One collective of a compiled program.

    Attributes:
      kind: one of `KINDS`.
      result_bytes: bytes of the result on one device.
      group: devices that take part together.
      in_loop: whether it runs once a turn of a loop (else once a call).
    """

    kind: str
    result_bytes: int
    group: int
    in_loop: bool

    @property
    def sent_bytes(self) -> float:
        """Bytes that a device sends, by the ring algorithm of the kind."""
        if self.group < 2:
            return 0.0
        share = (self.group - 1) / self.group
        factor = {
            "all-reduce": 2 * share,
            "all-gather": share,
            "reduce-scatter": self.group - 1,
            "all-to-all": share,
            "collective-permute": 1,
        }[self.kind]
        return factor * self.result_bytes


def read_collectives(text: str, devices: int) -> list[Collective]:
    """The collectives of an HLO module, in the order of the text.

    Args:
      text: `compiled.as_text()`.
      devices: of the program; the group of a collective that names none.

    Raises:
      ValueError: a group of devices is written in a form that is not known here.
    """
    found: list[tuple[str, str]] = []  # (computation, line)
    calls: dict[str, set[str]] = {}
    bodies: set[str] = set()
    inside = ""
    for line in text.splitlines():
        if line and not line[0].isspace():
            header = _HEADER.match(line)
            if header:
                inside = header.group(1)
            continue
        if _COLLECTIVE.search(line):
            found.append((inside, line))
        for attribute, name, names in _CALLED.findall(line):
            if attribute not in _CALLERS:
                continue
            called = {name} if name else set(re.findall(r"[\w.\-]+", names))
            calls.setdefault(inside, set()).update(called)
            if attribute == "body":
                bodies |= called
    looped = _reachable(bodies, calls)
    return [_collective(line, where in looped, devices) for where, line in found]


def sent_per_step(collectives: Iterable[Collective]) -> float:
    """Bytes that a device sends in one turn of the loop."""
    return sum(one.sent_bytes for one in collectives if one.in_loop)


def _collective(line: str, in_loop: bool, devices: int) -> Collective:
    match = _COLLECTIVE.search(line)
    assert match is not None
    shape, kind, start = match.groups()
    if start and kind != "all-reduce":
        # An asynchronous start also gives its operand back: (operand, result, ...).
        shape = _elements(shape)[1]
    return Collective(kind, _size(shape), _group(line, devices), in_loop)


def _size(shape: str) -> int:
    total = 0
    for dtype, dimensions in _ARRAY.findall(shape):
        width = 1 if dtype.startswith("f8") else _BYTES[dtype]
        sizes = [int(one) for one in dimensions.split(",") if one]
        total += width * math.prod(sizes)
    return total


def _elements(shape: str) -> list[str]:
    """The elements of a tuple shape, split at its outermost commas."""
    elements, depth, begin = [], 0, 1
    for index, letter in enumerate(shape):
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if (letter == "," and depth == 1) or (letter == ")" and depth == 0):
            elements.append(shape[begin:index])
            begin = index + 1
    return elements


def _group(line: str, devices: int) -> int:
    if " source_target_pairs=" in line:
        return 2
    match = re.search(r"replica_groups=(\S+(?: \{[^}]*\})?)", line)
    if match is None:
        return devices
    groups = match.group(1)
    if groups.startswith("{}"):
        return devices
    if groups.startswith("{{"):
        return groups[2 : groups.index("}")].count(",") + 1
    iota = re.match(r"\[\d+,(\d+)\]<=", groups)
    if iota:
        return int(iota.group(1))
    if groups.startswith("mesh["):  # mesh['axis_0'=4,'axis_1'=2] {'axis_0'}
        sizes = dict(re.findall(r"'([^']+)'=(\d+)", groups))
        axes = re.findall(r"'([^']+)'", groups[groups.index("]") :])
        return math.prod(int(sizes[axis]) for axis in axes)
    raise ValueError(f"replica_groups of an unknown form: {groups!r}.")


def _reachable(start: Iterable[str], calls: dict[str, set[str]]) -> set[str]:
    seen, todo = set(), list(start)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += calls.get(name, ())
    return seen
