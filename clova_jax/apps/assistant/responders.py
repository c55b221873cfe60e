"""Makes the prompt of a responder: examples that are like the turn, what is known, the talk so far, and the turn."""

from collections.abc import Callable, Sequence

from clova_jax.apps.assistant.session import Turn
from clova_jax.apps.assistant.speech_level import speech_level
from clova_jax.apps.assistant.wording import BOT, USER, turn_lines
from clova_jax.inference import Model
from clova_jax.retrieve import Index

KINDS = ("goal", "qa", "talk")
INSTRUCTIONS = {
    "goal": f"{BOT}는 손님이 원하는 일을 알아듣고 짧게 되짚는다.",
    "qa": f"{BOT}는 본문에서 답을 찾아 짧게 답한다.",
    "talk": f"{BOT}는 손님과 다정하게 이야기한다.",
}
TURNS = 6  # of the talk so far that a prompt shows at most
WIDER = 10  # times as many examples are looked through for those of a speech level


class Responder:
    """Makes prompts of one kind.

    Args:
        kind: one of `KINDS`.
        pairs: what was said and answered, to take examples from; their search is that of `by`.
        by: rankings, as of `Index`.
        model: gives the vectors, where `by` has them.
        passages: searched for what the answer may be in; none by default.
        shots: examples in a prompt at most.
    """

    def __init__(
        self,
        kind: str,
        pairs: Sequence[tuple[str, str]],
        by: Sequence[str] = ("bigrams",),
        model: Model | None = None,
        passages: Index | None = None,
        shots: int = 4,
    ) -> None:
        self.kind, self.pairs, self.passages, self.shots = kind, list(pairs), passages, shots
        self._index = Index.build([said for said, _ in self.pairs], by, model)

    def prompt(
        self,
        said: str,
        turns: Sequence[Turn],
        room: int,
        count: Callable[[str], int],
        *,
        state: str = "",
        level: str = "",
        instructed: bool = True,
    ) -> str:
        """Returns the prompt up to where the answer begins, within a number of tokens.

        Whatever does not fit is left out: the oldest turns first, then the examples that are the least alike, the passage, and
        the end of the turn itself.

        Args:
            said: the turn, one line.
            turns: those before it.
            room: tokens.
            count: returns the tokens of a text.
            state: what is settled, one line.
            level: the speech level that examples are to have where there are any (`LEVELS`).
            instructed: name the level in the instruction.
        """
        past, shown = list(turns[-TURNS:]), self._examples(said, level)
        known = self._passage(said)
        head = INSTRUCTIONS[self.kind] + (f" {level}로 말한다." if level and instructed else "")
        while True:
            parts = [head, *(turn_lines(*pair).strip() for pair in shown), known]
            parts.append(f"정해진 것: {state}" if state else "")
            talk = "".join(turn_lines(turn.said, turn.answered) for turn in past)
            text = "\n\n".join([*filter(None, parts), f"{talk}{USER}: {said}\n{BOT}:"])
            if count(text) <= room or not (past or shown or known or said):
                return text
            if past:
                past.pop(0)
            elif shown:
                shown.pop(0)
            elif known:
                known = ""
            else:
                said = said[: len(said) // 2].strip()

    def _examples(self, said: str, level: str) -> list[tuple[str, str]]:
        """Returns the pairs nearest to a turn, the nearest last; those of a speech level first where one is wanted."""
        found = self._index.search(said, self.shots * (WIDER if level else 1)) if self.shots else []
        near = [self.pairs[hit.index] for hit in found]
        if level:
            near.sort(key=lambda pair: speech_level(pair[1]) != level)  # stable
        return near[: self.shots][::-1]

    def _passage(self, said: str) -> str:
        hits = self.passages.search(said, 1) if self.passages else []
        return f"본문: {' '.join(hits[0].passage.text.split())}" if hits else ""
