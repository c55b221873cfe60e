"""Makes healthy queries of questions on passages, breaks them, and splits them by article."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clova_jax.apps import queries
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file
from clova_jax.evaluate import generator, read_paragraphs
from clova_jax.labelled import optional_file
from clova_jax.tables.open_questions import ASKED, POOLS, question_of

TRIES = 8  # draws of a breaker until a query finds nothing
WORDS = (2, 3)  # of a query, at least and at most


@dataclass(frozen=True)
class Question:
    """Holds a question on a page.

    Args:
        text, answer: of the question.
        title: of the article that the page is from.
        page: its number.
        trains: whether it is from a training file.
    """

    text: str
    answer: str
    title: str
    page: int
    trains: bool

    @property
    def relation(self) -> str:
        """Returns what is asked of the article's subject; questions that ask the same have answers of one kind."""
        return self.text.replace(self.title, "")


@dataclass(frozen=True)
class QuerySets:
    """Holds pages, and broken and healthy queries of two splits, no article in both.

    Args:
        pages: texts of all pages.
        engine: finds them.
        train: pairs of every kind of each training query, healthy ones among them.
        test: kind -> pairs; `healthy` has the queries as they are.
        counts: figures for the notes.
        drawn: kind -> (draws that broke a query of the test, all draws).
    """

    pages: Sequence[str]
    engine: queries.Engine
    train: Sequence[queries.Broken]
    test: dict[str, Sequence[queries.Broken]]
    counts: dict[str, int]
    drawn: dict[str, tuple[int, int]]

    @classmethod
    def make(
        cls, data: Path, kinds: Sequence[str], limit: int | None, train: int, seed: int
    ) -> "QuerySets":
        """Reads a data folder and makes the queries.

        Test queries are from KorQuAD's dev file; training queries are from its training file, or, where that is absent,
        from half of the dev file's articles.

        Args:
            data: a folder laid out like the official data.
            kinds: of damage, as in `BREAKERS`.
            limit: test queries of a kind; all where None.
            train: training queries, at most.
            seed: of everything that is drawn.

        Raises:
            ClovaError: a file is missing or damaged, or no query of a split is healthy.
        """
        pages, asked = _read(data)
        if not asked:
            find_file(data / "korquad", Path(ASKED).name)  # says that it is missing
        engine = queries.Engine(pages)
        both = _split(asked, seed)
        learnt, plain = (_healthy(some, engine, seed, facts=False) for some in both)
        stated = _healthy(both[1], engine, seed, facts=True) if "fact" in kinds else []
        learnt, known = learnt[:train], {query.text for query in learnt[:train]}
        plain = [query for query in plain if query.text not in known]
        if not learnt or not plain:
            raise ClovaError(
                f"{data}: {len(learnt)} training and {len(plain)} test queries find their passage; give a folder "
                "with more of KorQuAD"
            )
        pairs = [queries.Broken("healthy", query, query.text) for query in learnt]
        test: dict[str, Sequence[queries.Broken]] = {}
        drawn = {}
        for kind in kinds:
            some = stated if kind == "fact" else plain
            test[kind], drawn[kind] = _broken(some[:limit], kind, engine, seed)
            pairs += _broken(learnt, kind, engine, seed)[0] if kind != "fact" else []
        if "fact" in kinds:
            facts = _healthy(both[0], engine, seed, facts=True)[:train]
            pairs += _broken(facts, "fact", engine, seed)[0]
        test["healthy"] = [queries.Broken("healthy", query, query.text) for query in plain[:limit]]
        order = generator(seed, "pairs").permutation(len(pairs))
        counts = {"pages": len(pages), "training queries": len(learnt)}
        return cls(pages, engine, [pairs[i] for i in order], test, counts, drawn)


def _read(data: Path) -> tuple[list[str], list[Question]]:
    """Returns the pages of all files, and the questions of KorQuAD."""
    pages: dict[str, int] = {}
    asked = []
    for files in POOLS.values():
        path = next(filter(None, (optional_file(data, file) for file in files)), None)
        for paragraph in read_paragraphs(path) if path else ():
            page = pages.setdefault(paragraph.text, len(pages))
            for item in paragraph.items() if files[0].startswith("korquad/") else ():
                where = (paragraph.title, page, files[0] != ASKED)
                asked.append(Question(question_of(item), item.answers[0], *where))
    return list(pages), asked


def _split(asked: Sequence[Question], seed: int) -> tuple[list[Question], list[Question]]:
    """Returns questions to learn from and to test, no article and no page in both."""
    tested = list(dict.fromkeys(one.title for one in asked if not one.trains))
    if not any(one.trains for one in asked):
        order = generator(seed, "articles").permutation(len(tested))
        tested = [tested[i] for i in order[: (len(tested) + 1) // 2]]
    test = [one for one in asked if not one.trains and one.title in set(tested)]
    pages = {one.page for one in test}
    train = [one for one in asked if one.title not in set(tested) and one.page not in pages]
    return train, test


def _healthy(
    asked: Sequence[Question], engine: queries.Engine, seed: int, facts: bool
) -> list[queries.Query]:
    """Makes a query of each question that has one which finds its page, in random order.

    Args:
        asked: the questions.
        engine: judges the words and the queries.
        seed: of the words and of the order.
        facts: queries end in the answer.
    """
    drafts = [
        draft
        for one, words in _with_words(asked, engine)
        if (draft := _draft(one, words, seed, facts))
    ]
    others = _others(asked)
    found = engine.find_all([text for text, _ in drafts])
    kept: dict[str, queries.Query] = {}
    for (text, one), pages in zip(drafts, found, strict=True):
        if one.page in pages:
            value = (one.answer, others.get((one.relation, one.answer), ())) if facts else ("", ())
            kept.setdefault(text, queries.Query(text, one.page, "", *value))
    healthy = _with_previous(list(kept.values()), seed)
    order = generator(seed, "queries").permutation(len(healthy))
    return [healthy[i] for i in order]


def _with_words(
    asked: Sequence[Question], engine: queries.Engine
) -> Iterator[tuple[Question, list[str]]]:
    """Yields each question with those of its content words that its page holds."""
    words = list(queries.content_words([one.text for one in asked]))
    every = [list(dict.fromkeys(some)) for some in words]
    found = iter(engine.find_all([word for some in every for word in some]))
    for one, some in zip(asked, every, strict=True):
        yield one, [word for word in some if one.page in next(found)]


def _draft(
    one: Question, words: Sequence[str], seed: int, facts: bool
) -> tuple[str, Question] | None:
    """Returns a query of some of a question's words, in their order, and the question; None without words enough."""
    least, most = (number - facts for number in WORDS)
    if len(words) < least:
        return None
    random = generator(seed, "words", one.text)
    count = int(random.integers(least, min(most, len(words)) + 1))
    chosen = sorted(random.choice(len(words), count, replace=False))
    text = " ".join([*(words[i] for i in chosen), *([one.answer] if facts else [])])
    try:
        return queries.clean(text), one
    except ClovaError:  # a long answer
        return None


def _others(asked: Sequence[Question]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Returns the other answers to questions that ask the same, by relation and answer."""
    kinds: dict[str, list[str]] = {}
    for one in asked:
        kinds.setdefault(one.relation, []).append(one.answer)
    return {
        (relation, answer): tuple(dict.fromkeys(other for other in answers if other != answer))
        for relation, answers in kinds.items()
        for answer in answers
    }


def _with_previous(healthy: Sequence[queries.Query], seed: int) -> list[queries.Query]:
    """Gives each query another one of its page as the one before, where there is one."""
    pages: dict[int, list[queries.Query]] = {}
    for query in healthy:
        pages.setdefault(query.page, []).append(query)
    found = []
    for query in healthy:
        others = [other.text for other in pages[query.page] if other is not query]
        random = generator(seed, "previous", query.text)
        previous = others[random.integers(len(others))] if others else ""
        found.append(dataclasses.replace(query, previous=previous))
    return found


def _broken(
    healthy: Sequence[queries.Query], kind: str, engine: queries.Engine, seed: int
) -> tuple[list[queries.Broken], tuple[int, int]]:
    """Breaks queries until they find nothing; leaves out those that still find something after `TRIES` draws.

    Returns:
        The pairs in the order of the queries, and how many draws there were of which how many did harm.
    """
    randoms = {query: generator(seed, kind, query.text) for query in healthy}
    done: dict[queries.Query, queries.Broken] = {}
    drawn: Counter[bool] = Counter()
    for _ in range(TRIES):
        waiting = [query for query in healthy if query not in done]
        texts = [queries.BREAKERS[kind](query, randoms[query]) for query in waiting]
        for query, text, pages in zip(waiting, texts, engine.find_all(texts), strict=True):
            drawn[not pages] += 1
            if not pages:
                done[query] = queries.Broken(kind, query, text)
    return [done[query] for query in healthy if query in done], (drawn[True], drawn.total())
