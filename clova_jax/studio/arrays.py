"""Carries arrays of float32 in JSON without losing a bit: base64 of their little-endian bytes."""

import base64
import binascii
import math
from typing import Any

import numpy as np
from jaxtyping import Float

from clova_jax.studio.errors import ApiError
from clova_jax.studio.schemas import Array


def vectors_of(array: Array, name: str) -> Float[np.ndarray, "P D"]:
    """Returns the rows of numbers of a body, one at least.

    Raises:
        ApiError: 400, as `from_body`; another shape.
    """
    if len(array.shape) != 2 or not all(array.shape):
        raise ApiError(400, f"{name}: wants rows of numbers, not shape {array.shape}", param=name)
    return from_body(array, name)


def from_body(array: Array, name: str) -> Float[np.ndarray, "..."]:
    """Returns the array of a body.

    Raises:
        ApiError: 400, its data is no base64 or has another length than its shape says.
    """
    try:
        data = base64.b64decode(array.data, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(400, f"{name}: data is no base64", param=name) from None
    if len(data) != 4 * math.prod(array.shape):
        message = f"{name}: {len(data)} bytes of data, but shape {array.shape} wants {4 * math.prod(array.shape)}"
        raise ApiError(400, message, param=name)
    return np.frombuffer(data, "<f4").astype(np.float32).reshape(array.shape)


def to_body(array: Any) -> dict[str, Any]:
    """Returns an array as JSON values."""
    values = np.asarray(array, "<f4")
    data = base64.b64encode(values.tobytes()).decode()
    return {"dtype": "float32", "shape": list(values.shape), "data": data}
