"""Has a model rewrite a follow-up so that it stands alone: pronouns become names, what was dropped is said again.

The prompt shows solved follow-ups first (context injection): none, random ones, or those most like the follow-up, found by BM25
or by the sentence encoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clova_jax.apps.assistant.wording import answer_of, one_line
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import generator
from clova_jax.inference import Model, complete
from clova_jax.retrieve import Index

INSTRUCTION = "앞의 대화를 보고 마지막 질의를 혼자서도 뜻이 통하는 질의로 고쳐 쓰세요."
CHOOSERS = ("none", "random", "bm25", "encoder")
MOST_TOKENS = 48  # of a rewritten follow-up


@dataclass(frozen=True)
class FollowUp:
    """Holds a follow-up.

    Args:
        turns: what was said before, a line each, the user's first.
        text: what the user says next.
        rewrite: the same so that it stands alone; empty where it is asked for.
    """

    turns: tuple[str, ...]
    text: str
    rewrite: str = ""

    def prompt(self) -> str:
        """Returns the follow-up as a prompt shows it, with its rewrite where there is one."""
        lines = ("대화:", *self.turns, f"질의: {self.text}", f"수정: {self.rewrite}".strip())
        return "\n".join(map(one_line, lines))


class Rewriter:
    """Rewrites follow-ups.

    Args:
        model: the writer.
        examples: solved follow-ups.
        chooser: one of `CHOOSERS`.
        encoder: gives the vectors of `encoder`.
        shots: examples in a prompt, at most.
        seed: of random examples.

    Raises:
        ClovaError: an unknown chooser, or `encoder` without one.
    """

    def __init__(
        self,
        model: Model,
        examples: Sequence[FollowUp],
        chooser: str = "bm25",
        encoder: Model | None = None,
        shots: int = 3,
        seed: int = 0,
    ) -> None:
        if chooser not in CHOOSERS:
            raise ClovaError(f"examples by {chooser!r}: there are {', '.join(CHOOSERS)}")
        self.model, self.examples, self.chooser = model, list(examples), chooser
        self.shots, self.seed = shots, seed
        self._index: Index | None = None
        if chooser in ("bm25", "encoder"):
            by = "bigrams" if chooser == "bm25" else "vectors"
            self._index = Index.build([one.text for one in self.examples], (by,), encoder)

    def rewrite(self, asked: Sequence[FollowUp]) -> list[str]:
        """Returns what the model writes for each, greedily; the follow-up as it was where it writes nothing."""
        written = complete(
            self.model,
            [self.prompt(one) for one in asked],
            max_new_tokens=MOST_TOKENS,
            temperature=0.0,
            stop=("\n",),
            seed=self.seed,
        )
        return [answer_of(done.text) or one.text for done, one in zip(written, asked, strict=True)]

    def prompt(self, asked: FollowUp) -> str:
        """Returns the prompt of a follow-up; examples, then the oldest turns, are left out where they do not fit."""
        shown, turns, text = self._chosen(asked), asked.turns, asked.text
        room = self.model.config.max_length - MOST_TOKENS
        while True:
            blocks = [*(one.prompt() for one in shown), FollowUp(turns, text).prompt()]
            prompt = "\n\n".join([INSTRUCTION, *blocks])
            if len(self.model.tokenizer.encode(prompt)) <= room or not (shown or turns or text):
                return prompt
            if shown:
                shown = shown[1:]
            elif turns:
                turns = turns[1:]
            else:
                text = text[: len(text) // 2]

    def _chosen(self, asked: FollowUp) -> list[FollowUp]:
        """Returns the examples of a follow-up, the nearest last."""
        if self.chooser == "none" or not self.examples:
            return []
        if self._index is not None:
            hits = self._index.search(asked.text, self.shots) if self.shots else []
            return [self.examples[hit.index] for hit in reversed(hits)]
        random = generator(self.seed, "follow-ups", *asked.turns, asked.text)
        return [self.examples[i] for i in random.permutation(len(self.examples))[: self.shots]]
