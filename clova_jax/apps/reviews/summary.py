"""Has a model write one line about several texts, and keeps it only if it is true to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from clova_jax.apps.reviews.clusters import Cluster, Vectors, find_clusters, tfidf
from clova_jax.apps.reviews.faithfulness import Faithfulness
from clova_jax.common.errors import ClovaError
from clova_jax.common.json_values import parse_json
from clova_jax.inference import Model, complete
from clova_jax.retrieve import fill

NAME = "review_summary"  # of the app, whose prompt this is
EXAMPLES = 3  # of the app in a prompt, at most
SHOWN = 6  # source texts in a prompt, at most
SHORTER = (100, 50, 25, 10)  # characters of a text that is too long alone
LONGEST = 200  # characters of a source text in a prompt
MOST_TOKENS = 32  # of a line


@dataclass(frozen=True)
class Summary:
    """Holds one line about several texts.

    Args:
        cluster: the texts.
        line: the answer.
        drafts: what the model wrote: below the app's prompt, below the texts as a list, and draws below that.
        score: how far the truest of these is true to the texts, by the meter.
        passed: whether that is enough; where it is not, the answer is the representative text.
    """

    cluster: Cluster
    line: str
    drafts: Sequence[str]
    score: float
    passed: bool


class Summarizer:
    """Writes lines about texts, with the prompt of the Studio's own app and as one more of a list, and checks them.

    A line that is not true enough to its texts is replaced by the text that stands for them: so a model that
    writes nonsense gives the representative.

    Args:
        model: the writer.
        faithful: the meter that judges lines.
        threshold: the score from which on a line passes.
        samples: lines that are drawn beside the two likeliest ones; the truest of all is taken.
        seed: of the draws.
    """

    def __init__(
        self,
        model: Model,
        faithful: Faithfulness,
        threshold: float,
        samples: int = 3,
        seed: int = 0,
    ) -> None:
        self.model, self.faithful, self.threshold = model, faithful, threshold
        self.samples, self.seed = samples, seed

    def summarise(
        self,
        reviews: Sequence[str],
        count: int = 3,
        vectors: Vectors = tfidf,
        what: str = "reviews",
    ) -> list[Summary]:
        """Returns a line for each cluster of a thing's reviews, the largest cluster first.

        Args:
            reviews: of one thing; empty ones are left out.
            count: clusters, at most.
            vectors: by which they are clustered.
            what: the reviews are of, for the error.

        Raises:
            ClovaError: no review has a text.
        """
        return self.lines(find_clusters(reviews, count, self.seed, vectors, what))

    def lines(self, clusters: Sequence[Cluster]) -> list[Summary]:
        """Returns a line for each group of texts."""
        drafts = self.write(clusters)
        tries = [line for lines in drafts for line in lines]
        sources = [
            cluster.texts for cluster, lines in zip(clusters, drafts, strict=True) for _ in lines
        ]
        scores = iter(self.faithful.scores(sources, tries).tolist())
        found = []
        for cluster, lines in zip(clusters, drafts, strict=True):
            score, written = max(((next(scores), line) for line in lines), key=lambda pair: pair[0])
            passed = bool(written) and score >= self.threshold
            line = written if passed else cluster.representative
            found.append(Summary(cluster, line, lines, score, passed))
        return found

    def write(self, clusters: Sequence[Cluster]) -> list[list[str]]:
        """Returns what the model writes about each group: below the app's prompt, below the texts as a list, then draws below that."""
        asked = [prompt(self.model, cluster.texts) for cluster in clusters]
        listed = [as_list(self.model, cluster.texts) for cluster in clusters]
        lines = [[*pair] for pair in zip(self._write(asked), self._write(listed), strict=True)]
        if self.samples:
            repeated = [text for text in listed for _ in range(self.samples)]
            for number, line in enumerate(self._write(repeated, temperature=0.8)):
                lines[number // self.samples].append(line)
        return lines

    def _write(self, prompts: Sequence[str], temperature: float = 0.0) -> list[str]:
        done = complete(
            self.model,
            prompts,
            max_new_tokens=MOST_TOKENS,
            temperature=temperature,
            stop=("\n",),
            seed=self.seed,
        )
        return [one.text.strip() for one in done]


def prompt(model: Model, texts: Sequence[str]) -> str:
    """Returns the prompt of the Studio's own app for a line about texts: the first ones and examples, as far as they fit.

    Raises:
        ClovaError: not even one text fits the context.
    """
    shown = _shown(texts)
    tries = [
        _prompt(shown[:count], examples)
        for count in range(len(shown), 0, -1)
        for examples in range(EXAMPLES, -1, -1)
    ]
    return _fitting(model, [*tries, *(_prompt([shown[0][:n]], 0) for n in SHORTER)])


def as_list(model: Model, texts: Sequence[str]) -> str:
    """Returns texts one a line, which a model goes on with: a small one knows lists, and no instructions.

    Raises:
        ClovaError: not even one text fits the context.
    """
    shown = _shown(texts)
    tries = ["\n".join(shown[:count]) + "\n" for count in range(len(shown), 0, -1)]
    return _fitting(model, [*tries, *(shown[0][:length] + "\n" for length in SHORTER)])


def _shown(texts: Sequence[str]) -> list[str]:
    return [" ".join(text.split())[:LONGEST] for text in texts[:SHOWN]]


def _fitting(model: Model, tries: Sequence[str]) -> str:
    """Returns the first of the prompts that leaves room for a line."""
    room = model.config.max_length - MOST_TOKENS
    lengths = map(len, model.tokenizer.encode_batch(tries))
    for text, length in zip(tries, lengths, strict=True):
        if length <= room:
            return text
    raise ClovaError(
        f"a summary: a context of {model.config.max_length} tokens has no room for a prompt and "
        f"{MOST_TOKENS} tokens of an answer; take a model with a longer one"
    )


@cache
def _app() -> dict[str, Any]:
    path = files("clova_jax.apps") / "prompts" / f"{NAME}.json"
    return parse_json(path.read_bytes(), path.name)["content"]


def _prompt(texts: Sequence[str], examples: int) -> str:
    content = _app()
    template, solved = content["template"], content["examples"]
    shown = [
        fill(solved["shown"], dict(zip(solved["columns"], row, strict=True))).text
        for row in solved["rows"][:examples]
    ]
    if not shown:
        template = template.split("{examples}\n\n")[1]
    return fill(template, {"input": " / ".join(texts)}, examples=shown).text
