"""From tokens to text as it grows: unfinished characters and half a stop string are held back."""

import codecs
from collections.abc import Sequence
from typing import Any


class Writer:
    """The text of one request.

    Args:
        tokenizer: has `decode_bytes`.
        stop: texts that end it; neither they nor what follows is part of it.
    """

    def __init__(self, tokenizer: Any, stop: Sequence[str] = ()) -> None:
        self.tokenizer, self.stop = tokenizer, tuple(stop)
        self.text = ""  # final so far: what a reader may see
        self._held = ""  # may be the beginning of a stop string
        self._bytes = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, ids: Sequence[int], last: bool = False) -> bool:
        """Takes all tokens so far; `last` flushes. Returns whether a stop string was met."""
        data = self.tokenizer.decode_bytes(list(ids))
        self._held += self._decoder.decode(data[self._bytes :], final=last)
        self._bytes = len(data)
        found = [at for at in map(self._held.find, self.stop) if at >= 0]
        if found:
            self.text += self._held[: min(found)]
            self._held = ""
            return True
        keep = 0 if last else max((_overlap(self._held, text) for text in self.stop), default=0)
        cut = len(self._held) - keep
        self.text += self._held[:cut]
        self._held = self._held[cut:]
        return False


def _overlap(text: str, stop: str) -> int:
    """Characters at the end of `text` that `stop` begins with."""
    for size in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:size]):
            return size
    return 0
