"""The one JSON reader: what is no JSON, and what Python would take but nobody can use, ends in one line."""

import json
import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, read_jsonl, write_json
from clova_jax.common.json_values import DEEPEST, as_dataclass, fields, parse_json, to_json

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)

REFUSED = {
    "deep lists": (b"[" * 200 + b"]" * 200, "nested deeper than 100"),
    "very deep lists": (b"[" * 200_000 + b"]" * 200_000, "nested deeper than 100"),
    "deep objects": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "nested deeper than 100"),
    "deep, but cut short": (b'[{"a":' * 50_000, "nested deeper than 100"),
    "5,000 digits": (b'{"n": ' + b"7" * 5_000 + b"}", "a number of 5,000 digits"),
    "400 digits": (b'{"n": 1' + b"0" * 400 + b"}", "a number of 401 digits"),
    "too large a float": (b'{"n": 1e999}', "the number 1e999 is out of range"),
    "too large a negative float": (b"[-2.5e400]", "the number -2.5e400 is out of range"),
    "NaN": (b'{"n": NaN}', "NaN is no JSON number"),
    "infinite": (b"[-Infinity]", "-Infinity is no JSON number"),
    "one key twice": (b'{"step": 1, "step": 2}', "the key 'step' stands twice"),
    "half a character": (rb'{"text": ["\ud83d"]}', r"\\ud83d is half a character"),
    "half a character in a key": (rb'{"\uDC00": 1}', r"\\udc00 is half a character"),
    "empty": (b"", "empty, wants JSON"),
    "blank": (b" \n\t\n", "empty, wants JSON"),
    "cut short": (b'{"a": 1,\n "b": ', ":2: not JSON .*cut short"),
    "two values": (b'{"a": 1}\n{"a": 2}', ":2: not JSON .*Extra data"),
    "UTF-16": ('{"글": 1}'.encode("utf-16"), "not UTF-8"),
    "CP949": ('{"글": 1}'.encode("cp949"), "not UTF-8 at byte 2"),
    "zeros": (bytes(64), "not JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path, name):
    content, message = REFUSED[name]
    path = tmp_path / "values.json"
    path.write_bytes(content)
    with pytest.raises(ClovaError, match=rf"values\.json.*{message}") as caught:
        read_json(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "content", [bad for bad, _ in REFUSED.values() if bad.strip() and b"\n" not in bad]
)
def test_a_line_of_json_lines_is_named(tmp_path, content):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n\n' + content + b"\n")
    with pytest.raises(ClovaError, match=r"rows\.jsonl:3: "):
        list(read_jsonl(path))


def test_a_missing_file_a_folder_and_a_loop_are_named(tmp_path):
    (tmp_path / "loop.json").symlink_to("loop.json")
    for name, message in (("gone.json", "no such file"), (".", "cannot"), ("loop.json", "cannot")):
        with pytest.raises(ClovaError, match=message):
            read_json(tmp_path / name)


def test_a_file_too_large_is_refused_before_it_is_parsed(tmp_path, monkeypatch):
    monkeypatch.setattr("clova_jax.common.files.LARGEST", 1 << 20)
    path = tmp_path / "large.json"
    path.write_bytes(b"[" + b" " * (1 << 20) + b"]")
    with pytest.raises(ClovaError, match="large.json: over 1 MiB"):
        read_json(path)


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_what_is_no_archive_is_named(tmp_path, suffix):
    path = tmp_path / f"values.json.{suffix}"
    path.write_bytes(b'{"a": 1}')
    with pytest.raises(ClovaError, match="cannot be read"):
        read_json(path)


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_what_is_written_is_read(value):
    assert parse_json(to_json(value), "x") == value
    assert parse_json(to_json(value, indent=2).encode(), "x") == json.loads(json.dumps(value))


def test_nesting_is_counted_in_depth_and_not_in_brackets():
    wide = {"a": [{"b": ["[" * 500]} for _ in range(500)]}
    assert parse_json(to_json(wide), "x") == wide
    deepest = "[" * DEEPEST + "]" * DEEPEST
    assert to_json(parse_json(deepest, "x")) == deepest


def test_a_whole_emoji_in_escapes_is_read():
    assert parse_json(r'["\ud83d\ude00"]', "x") == ["😀"]


def test_numbers_that_are_not_finite_are_written_as_null(tmp_path):
    write_json(
        tmp_path / "a.json", {"loss": math.nan, "best": [math.inf, 1.5], "row": (-math.inf,)}
    )
    assert read_json(tmp_path / "a.json") == {"loss": None, "best": [None, 1.5], "row": [None]}


KINDS: dict[str, Any] = {
    "step": int,
    "loss": float,
    "done": bool,
    "files": dict[str, str],
    "mesh": tuple[int, ...],
    "rows": list[dict],
    "note": str | None,
}
GOOD = {
    "step": 3,
    "loss": 2,
    "done": False,
    "files": {"a": "b"},
    "mesh": [1, 2],
    "rows": [{"x": 1}],
    "note": None,
}


def test_fields_come_with_their_types():
    found = fields(GOOD | {"more": 1}, "run.json", KINDS)
    assert found == GOOD | {"mesh": (1, 2)}
    assert isinstance(found["loss"], float)
    without = {key: value for key, value in GOOD.items() if key != "note"}
    assert fields(without, "run.json", KINDS)["note"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": None}, "run.json: 'step' is null, wants a whole number"),
        ({"step": True}, "'step' is true, wants a whole number"),
        ({"step": "3"}, "'step' is \"3\", wants a whole number"),
        ({"step": 3.0}, "'step' is 3.0, wants a whole number"),
        ({"loss": [1]}, "'loss' is a list of 1, wants a number"),
        ({"done": 1}, "'done' is 1, wants true or false"),
        ({"files": {"a": 1}}, "'files', 'a', is 1, wants a string"),
        ({"files": ["a"]}, "'files' is a list of 1, wants an object"),
        ({"mesh": [1, "2"]}, "'mesh', entry 1, is \"2\", wants a whole number"),
        ({"rows": [{}, None]}, "'rows', entry 1, is null, wants an object"),
        ({"note": 5}, "'note' is 5, wants a string or null"),
    ],
)
def test_a_field_of_another_type_is_named(change, message):
    with pytest.raises(ClovaError) as caught:
        fields(GOOD | change, "run.json", KINDS)
    assert message in str(caught.value)


@pytest.mark.parametrize("key", [key for key in KINDS if key != "note"])
def test_a_missing_field_is_named(key):
    with pytest.raises(ClovaError, match=f"run.json: has no '{key}'"):
        fields({k: v for k, v in GOOD.items() if k != key}, "run.json", KINDS)


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_what_is_no_object_is_named(value):
    with pytest.raises(ClovaError, match="run.json: wants an object"):
        fields(value, "run.json", KINDS)


@dataclass(frozen=True)
class Shape:
    layers: int
    widths: tuple[int, ...]
    rate: float = 0.5

    def __post_init__(self):
        if self.layers < 1:
            raise ClovaError(f"layers={self.layers}: wants 1 or more")


def test_a_dataclass_is_made_by_the_types_of_its_fields():
    assert as_dataclass(Shape, {"layers": 2, "widths": [3]}, "c.json") == Shape(2, (3,))
    for value, message in [
        ({"layers": 2}, "c.json: has no 'widths'"),
        ({"layers": 2, "widths": [1], "rate": None}, "c.json: 'rate' is null"),
        ({"layers": 2, "widths": [1], "size": 1}, "c.json: 'size' is unknown"),
        ({"layers": 0, "widths": [1]}, "c.json: layers=0: wants 1 or more"),
        ([], "c.json: wants an object"),
    ]:
        with pytest.raises(ClovaError, match=message):
            as_dataclass(Shape, value, "c.json")
