"""Checks what callers give to `generate`, `score`, `logits` and the like, once, and converts it to plain types.

Any iterable of texts or of ids will do, a generator or an array say, and any whole number for a whole number
(NumPy's too). What does not fit is named here, in one line, before it meets the device.
"""

import math
import operator
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError

LARGEST = 1e9  # of a real option: its products with scores and counts stay finite in float32


def texts(values: Any, name: str) -> list[str]:
    """Makes a list of any iterable of texts.

    Raises:
        ClovaError: it is one text, no iterable, or holds what is no text.
    """
    found = _several(values, name, "texts")
    for number, text in enumerate(found):
        if not isinstance(text, str):
            raise ClovaError(f"{name}: entry {number} is {_show(text)}, wants a text")
    return found


def text_pairs(contexts: Any, continuations: Any) -> tuple[list[str], list[str]]:
    """Makes two lists of as many texts.

    Raises:
        ClovaError: as `texts`; lists of unequal length.
    """
    heads, tails = texts(contexts, "contexts"), texts(continuations, "continuations")
    if len(heads) != len(tails):
        raise ClovaError(
            f"score: {len(heads)} contexts but {len(tails)} continuations; give one for each"
        )
    return heads, tails


def id_row(values: Any, name: str, known: int) -> list[int]:
    """Makes a list of ids of a row, which may be empty.

    Raises:
        ClovaError: it is no row of whole numbers from 0 to `known` - 1.
    """
    found = _several(values, name, "ids")
    if not found:
        return []
    try:
        array = np.asarray(found)
    except (ValueError, OverflowError):  # rows of different length among them
        array = np.empty(0, object)
    if array.ndim == 1 and array.dtype.kind in "iu":
        ids = array.tolist()
    else:
        for value in found:
            if not _is_integer(value):
                raise ClovaError(f"{name} holds {_show(value)}, wants whole numbers")
        ids = list(map(operator.index, found))
    if min(ids) < 0 or max(ids) >= known:
        raise ClovaError(f"{name} has an id outside 0..{known - 1}")
    return ids


def id_rows(values: Any, name: str, known: int) -> list[list[int]]:
    """Makes a list of rows of ids, of different length perhaps; `name` is that of all.

    Raises:
        ClovaError: as `id_row`.
    """
    rows = _several(values, name, "rows of ids")
    return [id_row(row, f"{name}: row {number}", known) for number, row in enumerate(rows)]


def mask_rows(values: Any, lengths: Sequence[int], name: str) -> list[list[int]]:
    """Makes rows of 0 and 1, of the given lengths.

    Raises:
        ClovaError: another number, which would not do what it says; rows of other lengths.
    """
    rows = []
    for number, row in enumerate(_several(values, name, "rows of 0 and 1")):
        found = _several(row, f"{name}: row {number}", "0 and 1")
        for value in found:
            if not _is_one(value) or value not in (0, 1):
                raise ClovaError(f"{name}: row {number} holds {_show(value)}, wants 0 or 1")
        rows.append(list(map(int, found)))
    if list(map(len, rows)) != list(lengths):
        raise ClovaError(f"{name}: its rows differ in their lengths from those of ids")
    return rows


def seeds(seed: Any, count: int) -> list[tuple[int, int]]:
    """Makes (seed, place) of each of `count` prompts.

    One seed for all: a prompt's place in the batch belongs to its draws. A list: each seed alone.

    Raises:
        ClovaError: a seed that is no whole number of 64 bits; not one for each prompt.
    """
    if seed is None:
        return [(secrets.randbits(63), 0) for _ in range(count)]
    if _is_integer(seed):
        number = one_seed(seed)
        return [(number, place) for place in range(count)]
    if isinstance(seed, str) or not isinstance(seed, Iterable):
        one_seed(seed)
    given = [(one_seed(each), 0) for each in seed]
    if len(given) != count:
        raise ClovaError(f"seed: {len(given)} seeds for {count} prompts; give one, or one each")
    return given


def one_seed(seed: Any) -> int:
    """Makes an int of a seed.

    Raises:
        ClovaError: it is no whole number of 64 bits.
    """
    if not _is_integer(seed) or not -(2**63) <= operator.index(seed) < 2**64:
        raise ClovaError(f"seed={_show(seed)}: wants a whole number of at most 64 bits")
    return operator.index(seed)


def integer(value: Any, name: str, low: int, high: float = math.inf) -> int:
    """Makes an int of a whole number, NumPy's or an array of one too.

    Raises:
        ClovaError: it is none, or out of its range.
    """
    if not _is_integer(value) or not low <= operator.index(value) <= high:
        wanted = f"{low} or more" if high == math.inf else f"from {low} to {high:,}"
        raise ClovaError(f"{name}={_show(value)}: wants a whole number, {wanted}")
    return operator.index(value)


def real(value: Any, name: str, low: float, high: float, wanted: str) -> float:
    """Makes a float of a number, NumPy's or an array of one too.

    Raises:
        ClovaError: it is none, or out of its range.
    """
    try:
        number = math.nan if isinstance(value, (str, bytes, bool, np.bool_)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not low <= number <= high:
        raise ClovaError(f"{name}={_show(value)}: wants {wanted}")
    return number


def _several(values: Any, name: str, kind: str) -> list:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise ClovaError(f"{name}={_show(values)}: wants a list of {kind}")
    try:
        return list(np.asarray(values) if hasattr(values, "dtype") else values)
    except TypeError:  # an array of no dimensions says that it can be iterated
        raise ClovaError(f"{name}={_show(values)}: wants a list of {kind}") from None


def _is_integer(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_)) or not _is_one(value):
        return False
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


def _is_one(value: Any) -> bool:
    """Returns True for a single value: no list, and no array of several."""
    return not isinstance(value, (list, tuple)) and not getattr(value, "ndim", 0)


def _show(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # an int of more digits than Python prints
        text = f"an {type(value).__name__} of thousands of digits"
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:60]}…"
