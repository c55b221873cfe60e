"""Defines what the store gives back: plain values that outlive the connection they were read by."""

import datetime
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Limits:
    """Bounds what a key may ask for; None is no bound.

    Args:
        requests: requests a minute.
        tokens: tokens a minute, of prompts and of what is written.
    """

    requests: int | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class Key:
    """Describes a key; the key itself is nowhere, only its SHA-256.

    Args:
        name: what its owner calls it.
        limits: what it may ask for.
        filters: what the filters do for it, kind to "flag", "mask" or "block".
        created, revoked: when, in UTC.
    """

    name: str
    limits: Limits = Limits()
    filters: dict[str, str] = field(default_factory=dict)
    created: datetime.datetime | None = None
    revoked: datetime.datetime | None = None


@dataclass(frozen=True)
class Prompt:
    """Holds a tuned prompt as it was uploaded.

    Args:
        name: used as `model: "prompt:NAME"`.
        owner: the name of the key that uploaded it; "" where no key was needed.
        model: the fingerprint of the model it was tuned on.
        template: what stands around a text, as `Template.parse` takes it.
        vectors: float32 [P,D] in C order, little endian.
        width: D.
        about: JSON values of its maker.
        created: when, in UTC.
        filters: what the filters do to texts written with it, kind to action.
    """

    name: str
    owner: str
    model: str
    template: str
    vectors: bytes
    width: int
    about: dict[str, Any] = field(default_factory=dict)
    created: datetime.datetime | None = None
    filters: dict[str, str] = field(default_factory=dict)
