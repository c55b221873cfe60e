"""Measures what a compiled program does: matrix operations and bytes sent, read from XLA's text.

XLA's own cost analysis counts a loop's body once; here every instruction counts as often as the
loops around it turn (`known_trip_count`).
"""

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jax.sharding import Mesh

from clova_jax.common.errors import ClovaError

_INSTRUCTION = re.compile(r"^\s*(?:ROOT )?%?(\S+) = (\(.*?\)|\S+) ([\w\-]+)\((.*)$")
_COMPUTATION = re.compile(r"^(?:ENTRY )?%?(\S+) \(.*\) -> .* \{$")
_ARRAY = re.compile(r"(pred|[a-z]+\d+\w*)\[([\d,]*)\]")
_CALLS = re.compile(r"(?:calls|to_apply|body|condition)=%?([\w.\-]+)")
_BRANCHES = re.compile(r"branch_computations=\{([^}]*)\}")
_TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"')
_BYTES = {
    "pred": 1,
    "bf16": 2,
    "f16": 2,
    "f32": 4,
    "f64": 8,
    "s32": 4,
    "u32": 4,
    "s64": 8,
    "u64": 8,
}
COLLECTIVES = ("all-reduce", "all-gather", "reduce-scatter", "collective-permute", "all-to-all")


@dataclass(frozen=True)
class Collective:
    """Describes one collective instruction.

    Args:
        kind: as in `COLLECTIVES`.
        axes: the mesh axes whose devices talk to each other.
        group: devices in a group.
        result_bytes: of its result on one device.
        count: how often it runs in one call of the program.
        depth: how many loops stand around it.
    """

    kind: str
    axes: tuple[str, ...]
    group: int
    result_bytes: int
    count: int
    depth: int

    @property
    def sent_bytes(self) -> float:
        """Returns the bytes that a device sends in one call of the program, with ring algorithms."""
        share = (self.group - 1) / self.group
        factor = {
            "all-reduce": 2 * share,
            "all-gather": share,
            "reduce-scatter": self.group - 1,  # its result is one share of what goes round
            "all-to-all": share,
            "collective-permute": 1.0,
        }[self.kind]
        return factor * self.result_bytes * self.count


@dataclass
class _Instruction:
    name: str
    type: str
    opcode: str
    rest: str


@dataclass
class Program:
    """Parses a compiled program, given as `compiled.as_text()`.

    Args:
        text: optimised HLO of one device.
        mesh: the mesh it was compiled for; names the axes of collectives.
    """

    text: str
    mesh: Mesh
    _computations: dict[str, list[_Instruction]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._computations, current = {}, None
        self._entry = ""
        for line in self.text.split("\n"):
            if header := _COMPUTATION.match(line):
                current = self._computations.setdefault(header[1], [])
                if line.startswith("ENTRY"):
                    self._entry = header[1]
            elif line.startswith("}"):
                current = None
            elif current is not None and (found := _INSTRUCTION.match(_plain(line))):
                current.append(_Instruction(*found.groups()))

    @cached_property
    def turns(self) -> dict[str, tuple[int, int]]:
        """Returns how often each computation runs in one call, and how many loops stand around it."""
        turns: dict[str, list[int]] = defaultdict(lambda: [0, 0])

        def visit(name: str, count: int, depth: int) -> None:
            turns[name][0] += count
            turns[name][1] = max(turns[name][1], depth)
            for instruction in self._computations.get(name, ()):
                loop = instruction.opcode == "while"
                trips = _TRIPS.search(instruction.rest) if loop else None
                times = int(trips[1]) if trips else 1
                called = _CALLS.findall(instruction.rest)
                for branches in _BRANCHES.findall(instruction.rest):
                    called += [branch.strip().lstrip("%") for branch in branches.split(",")]
                if instruction.opcode in COLLECTIVES or instruction.opcode.startswith("reduce"):
                    continue  # what they call adds two numbers
                for callee in called:
                    visit(callee, count * times, depth + loop)

        visit(self._entry, 1, 0)
        return {name: (count, depth) for name, (count, depth) in turns.items()}

    @cached_property
    def matmul_flops(self) -> int:
        """Counts multiplications and additions of all matrix products on one device, in one call."""
        total = 0
        for name, (count, _) in self.turns.items():
            types = {i.name: i.type for i in self._computations.get(name, ())}
            for instruction in self._computations.get(name, ()):
                if instruction.opcode == "dot":
                    operands = re.findall(r"%([\w.\-]+)", instruction.rest.split(")")[0])
                    left = _shape(types[operands[0]])
                    dims = re.search(r"lhs_contracting_dims=\{([\d,]*)\}", instruction.rest)
                    inner = math.prod(left[int(d)] for d in dims[1].split(",") if d) if dims else 1
                    total += 2 * math.prod(_shape(instruction.type)) * inner * count
        return total

    @cached_property
    def collectives(self) -> list[Collective]:
        """Lists every collective instruction that moves something."""
        found = []
        for name, (count, depth) in self.turns.items():
            for instruction in self._computations.get(name, ()):
                kind = instruction.opcode.removesuffix("-start")
                if kind not in COLLECTIVES:
                    continue
                groups = _groups(instruction.rest, self.mesh.size)
                size = _bytes(instruction.type)
                if instruction.opcode.endswith("-start"):
                    size //= 2  # operand and result
                group = 2 if kind == "collective-permute" else groups.shape[1]
                if group > 1:
                    axes = self._axes(groups)
                    found.append(Collective(kind, axes, group, size, count, depth))
        return found

    def sent_bytes(self) -> dict[str, float]:
        """Returns the bytes one device sends along each mesh axis in one call; several axes are joined by '+'."""
        totals: dict[str, float] = {}
        for collective in self.collectives:
            axis = "+".join(collective.axes)
            totals[axis] = totals.get(axis, 0.0) + collective.sent_bytes
        return totals

    def _axes(self, groups: np.ndarray) -> tuple[str, ...]:
        places = np.stack(np.unravel_index(groups, self.mesh.devices.shape), -1)
        differ = (places != places[:, :1]).any((0, 1))
        return tuple(name for name, d in zip(self.mesh.axis_names, differ, strict=True) if d)


def _plain(line: str) -> str:
    """Drops layouts and comments, which would confuse a reader of types."""
    return re.sub(r"/\*.*?\*/|(?<=\])\{[^}]*\}", "", line)


def _numbers(text: str | None) -> list[int]:
    return [int(n) for n in (text or "").split(",") if n]


def _shape(type_text: str) -> list[int]:
    found = _ARRAY.search(type_text)
    return _numbers(found[2]) if found else []


def _bytes(type_text: str) -> int:
    return sum(
        _BYTES.get(kind, 4) * math.prod(int(n) for n in dims.split(",") if n)
        for kind, dims in _ARRAY.findall(type_text)
    )


def _groups(rest: str, devices: int) -> np.ndarray:
    """Returns replica groups as rows of device numbers, from each of the ways XLA writes them.

    Raises:
        ClovaError: it is written in another way.
    """
    if pairs := re.search(r"source_target_pairs=\{(.*?)\}\}", rest):
        return np.array(re.findall(r"(\d+),(\d+)", pairs[1]), int)
    if iota := re.search(r"replica_groups=\[([\d,]+)\]<=\[([\d,]+)\](?:T\(([\d,]+)\))?", rest):
        shape, dims, order = map(_numbers, iota.groups())
        numbers = np.arange(devices).reshape(dims)
        return (numbers.transpose(order) if order else numbers).reshape(shape)
    if listed := re.search(r"replica_groups=\{(\{.*?\})\}", rest):
        return np.array(
            [[int(n) for n in g.split(",")] for g in re.findall(r"\{([\d,]+)\}", listed[1])]
        )
    if mesh := _MESH.search(rest):
        return _groups_of_axes(**mesh.groupdict())
    written = re.search(r"replica_groups=(?!\{\})(.{,60})", rest)
    if written:
        raise ClovaError(
            f"the compiler writes replica groups in a way this version cannot read: {written[1]}; "
            "install the versions of JAX that setup.py names"
        )
    return np.arange(devices)[None]


_MESH = re.compile(
    r"replica_groups=mesh\[(?P<mesh>[^\]]*)\]"
    r"(?:, device_ids=\((?:\[(?P<dims>[\d,]+)\](?:T\((?P<order>[\d,]+)\))?|(?P<listed>[\d,]+))\))?"
    r" \{(?P<axes>.*?)\}"
)


def _groups_of_axes(
    mesh: str, axes: str, dims: str | None, order: str | None, listed: str | None
) -> np.ndarray:
    """Returns the groups that `'data'=2,'model'=4` and `'data','model':(2)2` describe along the axes of a mesh.

    `:(2)2` is a part of an axis: two numbers, with two steps of the axis outside them. The devices stand in
    the mesh as their numbers go, or as `dims` transposed by `order` gives them, or as they are listed.
    """
    sizes = {name: int(size) for name, size in re.findall(r"'(\w+)'=(\d+)", mesh)}
    parts = {
        name: (int(outer or 1), int(size or sizes[name]))
        for name, outer, size in re.findall(r"'(\w+)'(?::\((\d+)\)(\d+))?", axes)
    }
    shape: list[int] = []
    inside: list[int] = []  # which dimensions of `shape` a group runs over
    for name, size in sizes.items():
        outer, part = parts.get(name, (size, 1))
        shape += [outer, part, size // (outer * part)]
        inside += [len(shape) - 2] if name in parts else []
    numbers = np.arange(math.prod(shape))
    if listed:
        numbers = np.array(_numbers(listed))
    elif dims:
        numbers = numbers.reshape(_numbers(dims)).transpose(_numbers(order) if order else None)
    numbers = numbers.reshape(shape)
    numbers = np.moveaxis(numbers, inside, range(-len(inside), 0))
    return numbers.reshape(-1, math.prod(shape[place] for place in inside))
