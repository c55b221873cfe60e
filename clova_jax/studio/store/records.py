"""Defines what the store gives back: plain values that outlive the connection they were read by."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from clova_jax.common.errors import ClovaError


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


class Missing(ClovaError):
    """Says that there is no such thing, or that it belongs to another key."""


class Conflict(ClovaError):
    """Says that a name is taken, or that another change came first."""


@dataclass(frozen=True)
class Collection:
    """Describes documents that are searched together.

    Args:
        id: never used again, not even after its deletion.
        name: unique on the server.
        owner: the name of the key that made it; "" where no key was needed.
        documents, passages: how many there are.
        created: when, in UTC.
    """

    id: int
    name: str
    owner: str
    documents: int
    passages: int
    created: datetime.datetime


@dataclass(frozen=True)
class StoredDocument:
    """Describes a document of a collection; one that replaces another has an id of its own."""

    id: int
    name: str
    bytes: int
    passages: int
    created: datetime.datetime


@dataclass(frozen=True)
class App:
    """Describes an app.

    Args:
        id: never used again, not even after its deletion.
        name: unique on the server.
        owner: the name of the key that made it; "" where no key was needed.
        public: whether it answers without the owner's key.
        share: the token of its link, if it is shared.
        limits: of what it answers without a key.
        created: when, in UTC.
    """

    id: int
    name: str
    owner: str
    public: bool
    share: str | None
    limits: Limits
    created: datetime.datetime


@dataclass(frozen=True)
class Version:
    """Holds a version of an app, which never changes.

    Args:
        number: from 1.
        content: JSON values, as `AppContent` has them.
        note: of its author.
        author: the name of the key that published it.
        created: when, in UTC.
    """

    number: int
    content: dict[str, Any]
    note: str
    author: str
    created: datetime.datetime


@dataclass(frozen=True)
class Labelling:
    """Records that a label was put on a version, or taken away where the number is None."""

    label: str
    number: int | None
    by: str
    when: datetime.datetime
