"""Masks what identifies a person, in the text and in all that is written beside it."""

import re
from dataclasses import dataclass
from typing import Any

from clova_jax.corpus.clean.privacy.findings import Finding
from clova_jax.corpus.clean.privacy.search import mask
from clova_jax.corpus.clean.step import Dropped, Step
from clova_jax.corpus.documents import Document

_SHORTEST = 6  # characters of an identifier: a@b.kr
# Digits of a hash are nobody's number, and a file is found by them (`corpus.media`).
_HASH = re.compile(r"(?:media/[0-9a-f]{2}/)?[0-9a-f]{64}(?:\.[a-z0-9]{1,8})?")


@dataclass(frozen=True)
class PrivacySettings:
    """Sets what of an identifier is kept."""

    keep_parts: bool = False
    """mask only what identifies: keep domains, dialling codes, birth years and sexes, regions"""


class Privacy(Step):
    """Puts a typed tag such as `<|phone|>` in the place of each identifier."""

    name = "privacy"
    Settings = PrivacySettings

    def one(self, document: Document) -> Document | Dropped:
        """Masks text and metadata: title and category go into the prefix, the rest is written beside the text."""
        text, found = mask(document.text, self.settings.keep_parts)
        meta = {key: self._masked(value, found) for key, value in document.meta.items()}
        if not found:
            return document
        self.changes["changed"] += 1
        for finding in found:
            self.changes[finding.type] += 1
        return Document(text, document.id, document.source, meta)

    def _masked(self, value: Any, found: list[Finding]) -> Any:
        """Masks a value of a document's `meta`; appends to what was found."""
        if isinstance(value, str) and len(value) >= _SHORTEST and not _HASH.fullmatch(value):
            value, here = mask(value, self.settings.keep_parts)
            found += here
        elif isinstance(value, dict):
            return {key: self._masked(part, found) for key, part in value.items()}
        elif isinstance(value, list):
            return [self._masked(part, found) for part in value]
        return value
