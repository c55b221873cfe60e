"""Shows a model lists of utterances, a block an intent, the last of them open: the prompt of section 5.2."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clova_jax.common.errors import ClovaError

SEPARATOR = "\n\n"  # between the blocks of a prompt


def as_list(name: str, utterances: Sequence[str]) -> str:
    """Returns a block: `의도: NAME`, and below it a line `#1: …` for each utterance.

    Raises:
        ClovaError: the name, or an utterance, is empty or has a line break.
    """
    for text in (name, *utterances):
        if not text.strip() or "\n" in text:
            raise ClovaError(f"intent {name!r}: {text!r} is empty or has a line break; give a line")
    lines = (f"#{number}: {text}" for number, text in enumerate(utterances, 1))
    return "\n".join((f"의도: {name}", *lines))


@dataclass(frozen=True)
class ListPrompt:
    """Holds the intents that a model sees before the one it writes for.

    Args:
        sources: names with their utterances, in order.
    """

    sources: Sequence[tuple[str, Sequence[str]]]

    @property
    def shared(self) -> str:
        """Returns the blocks of the sources, which the prompts of all intents begin with."""
        return SEPARATOR.join(as_list(name, texts) for name, texts in self.sources)

    def own(self, name: str, utterances: Sequence[str] = ()) -> str:
        """Returns what follows `shared`: the block of an intent, up to where its next utterance begins.

        The space after the number belongs to the utterance.
        """
        before = SEPARATOR if self.sources else ""
        return f"{before}{as_list(name, utterances)}\n#{len(utterances) + 1}:"

    def encode(self, tokenizer: Any, owns: Sequence[str]) -> tuple[list[int], list[list[int]]]:
        """Returns the ids that all prompts begin with, and those of the rest of each, one at least.

        Args:
            tokenizer: of the model; where it is not prefix-stable, each prompt is encoded at once, and what all
                begin with is shared.
            owns: as `own` returns them.
        """
        shared = self.shared
        if tokenizer.prefix_stable:
            return tokenizer.encode(shared), tokenizer.encode_batch(list(owns))
        rows = tokenizer.encode_batch([shared + own for own in owns])
        most = min(map(len, rows)) - 1
        at = next((n for n in range(most) if len({row[n] for row in rows}) > 1), most)
        return rows[0][:at], [row[at:] for row in rows]
