"""Has a model rewrite queries after a few examples, with the query before each or without."""

from collections.abc import Sequence

from clova_jax.apps.queries.query import Asked, Broken, or_typed
from clova_jax.inference import Model, complete

INSTRUCTION = "검색 결과가 없는 질의를 바르게 고쳐 쓰세요."
MOST_TOKENS = 64  # of a rewritten query


def ask(asked: Asked, previous: bool = False) -> str:
    """Returns the prompt of a query, up to where the rewritten one begins."""
    before = f"앞선 질의: {asked.previous}\n" if previous and asked.previous else ""
    return f"{before}질의: {asked.text}\n수정:"


class FewShot:
    """Rewrites by a prompt with examples.

    Args:
        model: the writer.
        examples: shown in this order.
        previous: show the query before, of examples and questions.
    """

    def __init__(self, model: Model, examples: Sequence[Broken], previous: bool = False) -> None:
        self.model, self.previous = model, previous
        shown = [f"{ask(one.asked, previous)} {one.query.text}" for one in examples]
        self.head = "\n\n".join([INSTRUCTION, *shown])

    def prompt(self, asked: Asked) -> str:
        """Returns the complete prompt of a query."""
        return f"{self.head}\n\n{ask(asked, self.previous)}"

    def rewrite(self, asked: Sequence[Asked]) -> list[str]:
        """Returns what the model writes, greedily, up to a line break.

        Raises:
            ClovaError: the examples leave no room in the model's context.
        """
        written = complete(
            self.model,
            [self.prompt(one) for one in asked],
            max_new_tokens=MOST_TOKENS,
            temperature=0.0,
            stop=("\n",),
            seed=0,
        )
        return [or_typed(done.text, one) for done, one in zip(written, asked, strict=True)]
