"""Defines the app that answers open questions: it finds a passage, reads it, and is silent where it is not sure."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from clova_jax.apps.answers.choice import MOST_TOKENS, choose
from clova_jax.apps.answers.silence import sureness
from clova_jax.common.errors import ClovaError
from clova_jax.inference import Model, complete
from clova_jax.retrieve import Index, Passage

LONGEST = 300  # characters of a question
SILENCE = "잘 모르겠습니다."


@dataclass(frozen=True)
class Answer:
    """Holds what is answered.

    Args:
        text: the answer, or `SILENCE`.
        passage: that was read; None where none fits the question.
        sure: the log-probability of the answer per character.
        is_silent: whether the model was less sure than it has to be.
    """

    text: str
    passage: Passage | None
    sure: float
    is_silent: bool


def clean(question: str) -> str:
    """Returns a question in NFC, its words with a space between them.

    Raises:
        ClovaError: it has no letter or digit, or is too long.
    """
    question = " ".join(unicodedata.normalize("NFC", question).split())
    if len(question) > LONGEST:
        raise ClovaError(f"question of {len(question):,} characters; give {LONGEST} at most")
    if not any(map(str.isalnum, question)):
        raise ClovaError(f"question {question!r}: no letter or digit; ask something")
    return question


class Reader:
    """Answers questions from the passage that fits best.

    Args:
        model: reads and writes.
        index: has the passages; the names of their documents stand above them.
        below: silent where it is less sure than this (`silence.threshold` chooses it); always answers where None.
        chooses: takes an answer from the spans of the passage (`choose`), which a small model can do long before it can copy; otherwise,
            and where no passage fits, it writes.

    Raises:
        ClovaError: the index is empty.
    """

    def __init__(
        self, model: Model, index: Index, below: float | None = None, chooses: bool = True
    ) -> None:
        if not index.passages:
            raise ClovaError("open questions: the index has no passage; add a document first")
        self.model, self.index, self.below, self.chooses = model, index, below, chooses

    def answer(self, questions: Sequence[str]) -> list[Answer]:
        """Returns an answer to each question, chosen from its passage, or written greedily up to a line break.

        Raises:
            ClovaError: as `clean`; the model's context has no room for a question.
        """
        asked = [clean(question) for question in questions]
        hits = [self.index.search(question, 1) for question in asked]
        found = [some[0].passage if some else None for some in hits]
        prompts = [self.prompt(question, one) for question, one in zip(asked, found, strict=True)]
        chosen = [self.chooses and one is not None for one in found]
        texts = iter(self._write([p for p, one in zip(prompts, chosen, strict=True) if not one]))
        answers = []
        for prompt, passage, is_chosen in zip(prompts, found, chosen, strict=True):
            if is_chosen and passage is not None:
                ((text, logprob),) = choose(self.model, [prompt], [passage.text])
            else:
                text, logprob = next(texts)
            sure = sureness(logprob, text)
            is_silent = not text or (self.below is not None and sure < self.below)
            answers.append(Answer(SILENCE if is_silent else text, passage, sure, is_silent))
        return answers

    def _write(self, prompts: Sequence[str]) -> list[tuple[str, float]]:
        """Returns what is written under each prompt, and its log-probability."""
        written = complete(
            self.model,
            prompts,
            max_new_tokens=MOST_TOKENS,
            temperature=0.0,
            stop=("\n",),
            logprobs=0,
            seed=0,
        )
        return [
            (
                unicodedata.normalize("NFC", one.text.strip()),
                sum(x for x in one.logprobs or () if x is not None),
            )
            for one in written
        ]

    def prompt(self, question: str, passage: Passage | None) -> str:
        """Returns the prompt of a question; a passage that is too long for the model's context loses its end.

        Raises:
            ClovaError: there is no room for the question itself.
        """
        asked = f"질문: {question}\n\n답:"
        room = self.model.config.max_length - MOST_TOKENS
        if self._tokens(asked) > room:
            raise ClovaError(
                f"open questions: the question and its answer are longer than the model's context of "
                f"{self.model.config.max_length} tokens; ask shorter, or take a model with a longer one"
            )
        if passage is None:
            return asked
        title = f"제목: {passage.document}\n\n" if passage.document else ""

        def whole(length: int) -> str:
            return f"{title}본문: {passage.text[:length]}\n\n{asked}"

        length = len(passage.text)
        while length and self._tokens(whole(length)) > room:
            length = length * 3 // 4
        return whole(length) if length else asked

    def _tokens(self, text: str) -> int:
        return len(self.model.tokenizer.encode(text))
