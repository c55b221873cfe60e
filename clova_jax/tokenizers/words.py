"""Words: the units that are encoded one by one, whatever stands beside them.

A word is a run of non-blanks with at most one space before it, or a run of blanks. Words join to
the text again, and a blank after a text never changes the words before it: ids of a text are the
ids of its words, and a continuation that starts with a blank leaves the ids of its context alone.
"""

import re
from collections.abc import Sequence

from clova_jax.common.errors import ClovaError

LONGEST = 100  # characters; longer runs are cut here, so that no input is quadratic

_WORD = " ?{solid}{most}|{blank}{most}(?= {solid})|{blank}{most}"
_MOST = f"{{1,{LONGEST}}}"
# What `str.isspace` says, written out for the engine inside `tokenizers`, whose \s is narrower.
_BLANK = (
    r"\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
)
RUST_WORD = _WORD.format(solid=f"[^{_BLANK}]", blank=f"[{_BLANK}]", most=_MOST)

# Of Python's own, \S is faster than [^\s].
split_words = re.compile(_WORD.format(solid=r"\S", blank=r"\s", most=_MOST)).findall


def reject_surrogates(texts: Sequence[str]) -> None:
    """Refuses halves of UTF-16 pairs, which no UTF-8 file can hold.

    Raises:
        ClovaError: one is there; its place is told.
    """
    try:
        "".join(texts).encode()  # all at once: nearly always right
        return
    except UnicodeEncodeError:
        pass
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ClovaError(
                f"text holds a lone surrogate U+{ord(text[error.start]):04X} in {text[:60]!r}, which "
                "is not a character; decode the source again, or drop it with "
                "text.encode('utf-8', 'ignore').decode()"
            ) from None
