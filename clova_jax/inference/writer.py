"""Turns tokens into text as it grows: unfinished characters and half a stop string are held back."""

import codecs
import warnings
from collections.abc import Sequence

from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers import Tokenizer, as_written


class Writer:
    """Writes the text of one request.

    Args:
        tokenizer: of the ids.
        stop: texts that end it; neither they nor what follows is part of it.
    """

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str] = ()) -> None:
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
    """Counts the characters at the end of `text` that `stop` begins with."""
    for size in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:size]):
            return size
    return 0


def stops_as_written(tokenizer: Tokenizer, stops: Sequence[str]) -> tuple[str, ...]:
    """Returns the stop strings, and what stands for them in a text of a tokenizer that cannot write them.

    To a tokenizer without a line break, the line breaks of a prompt are `<unk>` (U+FFFD in a text), and that is what the
    model learns to write there: a text ends at it.

    Raises:
        ClovaError: nothing is left of a stop string, so that no text could end there.
    """
    found = list(stops)
    for stop in stops:
        written = as_written(tokenizer, stop)
        if written == stop:
            continue
        if not written.strip():
            raise ClovaError(
                f"stop {stop!r}: the model's tokenizer cannot write it ({written!r} is left of it), so that no "
                "text would end there; give another stop"
            )
        warnings.warn(
            f"stop {stop!r}: the model's tokenizer writes {written!r} for it; texts end there too",
            stacklevel=2,
        )
        found.append(written)
    return tuple(dict.fromkeys(found))
