"""Writes the sample world to a folder laid out like a user's own data."""

import random
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, whole_file, write_json, write_jsonl, write_lines
from clova_jax.common.json_values import fields
from clova_jax.sample.characters import characters
from clova_jax.sample.documents import DOCUMENT_KINDS, Shown, documents, plain_share, recipes
from clova_jax.sample.events import event_rows
from clova_jax.sample.expansions import expansion_rows
from clova_jax.sample.intents import intent_rows, shown_intents
from clova_jax.sample.labelled import (
    Desk,
    koen,
    korquad,
    nsmc,
    query_modifications,
    sts,
    ynat,
)
from clova_jax.sample.lexicon import load_lexicon
from clova_jax.sample.pen import Pen
from clova_jax.sample.questions import question_rows, unknown
from clova_jax.sample.reservations import goals_of, ontology, reservations
from clova_jax.sample.review_pairs import review_pairs
from clova_jax.sample.small_talk import small_talk
from clova_jax.sample.world import World

VERSION = 11
"""Raised when the same arguments would write other bytes."""

MARKER = "sample.json"

ROWS = {
    "nsmc": (12_000, 2_000),
    "ynat": (5_000, 1_000),
    "sts": (4_000, 519),
    "korquad": (600, 60),
    "koen": (5_000, 300, 600),
    "query_modification": (2_400, 200, 400),
    "events": (1_200, 200),
    "questions": (3_000, 40, 60),
    "expansions": (2_500, 200),
    "review_pairs": (2_000, 300),
}
"""Rows (KorQuAD and questions: paragraphs; review_pairs: reviews, of three pairs each) of train, dev and test at ten megabytes."""


def write_sample(out_dir: str | Path, megabytes: float = 10.0, seed: int = 0) -> Path:
    """Writes the sample world under `out_dir` and returns that folder.

    Text of `megabytes` x 10^6 UTF-8 bytes under `corpus/`, and the labelled sets, whose sizes grow
    with the square root of `megabytes`. The same arguments give the same bytes; a folder that
    holds them already is left alone; one whose writing was cut short, or that an older version of
    this code wrote, is written again.

    Raises:
        ClovaError: `megabytes` is below 0.1, or the folder holds a sample of other arguments.
    """
    if not megabytes >= 0.1:
        raise ClovaError(f"megabytes {megabytes:g}: too small for a sample; ask for 0.1 or more")
    out = Path(out_dir)
    wanted = {"synthetic": True, "version": VERSION, "megabytes": float(megabytes), "seed": seed}
    marker = out / MARKER
    if marker.is_file():
        found = read_json(marker)
        if found == wanted:
            return out
        if {**found, "version": VERSION} != wanted:
            raise ClovaError(
                f"{marker}: holds a sample of other arguments ({found}); choose another folder or delete it"
            )
        marker.unlink()  # an older version of this sample: written anew
    out.mkdir(parents=True, exist_ok=True)
    _Writer(out, megabytes, seed).write()
    write_json(marker, wanted)  # last: its presence says that all the rest is there
    return out


def renew_sample(folder: str | Path) -> Path:
    """Writes a sample that an older version of this code wrote anew, with its own arguments; returns the folder.

    Raises:
        ClovaError: it is no sample.
    """
    marker = Path(folder) / MARKER
    found = fields(read_json(marker), marker, {"megabytes": float, "seed": int})
    return write_sample(folder, found["megabytes"], found["seed"])


def is_sample(folder: str | Path) -> bool:
    """Tells whether a data folder is the sample world, whose scores say nothing of real data."""
    return (Path(folder) / MARKER).is_file()


class _Writer:
    """One writing. Held-out rows come first, so that nothing written later may repeat them."""

    def __init__(self, out: Path, megabytes: float, seed: int) -> None:
        self.out, self.megabytes, self.seed = out, megabytes, seed
        self.lexicon = load_lexicon()
        self.written: set[str] = set()
        self.held_out: set[str] = set()
        self.world = World(self._pen("world"), size=megabytes / 10)
        self.closed: frozenset[str] = frozenset()

    def _pen(self, name: str) -> Pen:
        return Pen(f"{self.seed}/{name}", self.lexicon, self.written, self.held_out)

    def _desk(self, name: str) -> Desk:
        return Desk(self._pen(name), self.world)

    def _rows(self, name: str) -> list[int]:
        scale = (self.megabytes / 10) ** 0.5
        return [max(20, round(rows * scale)) for rows in ROWS[name]]

    def write(self) -> None:
        self._labelled()
        intents = intent_rows(self._pen("intents"))
        write_lines(self.out / "dialogue/sae4k/sae4k_v1.txt", map("\t".join, intents))
        dialogues = self._reservations()
        shown = Shown(shown_intents(intents), goals_of(dialogues["dev"]), self.closed)
        size = round(self.megabytes * 1e6)
        for kind in DOCUMENT_KINDS:
            rows = documents(self._desk(f"corpus/{kind}"), kind, size, shown)
            write_jsonl(self.out / "corpus" / f"{kind}.jsonl", rows)
        rows = small_talk(self._pen("small talk"))
        write_lines(self.out / "dialogue/Chatbot_data/ChatbotData.csv", map(",".join, rows))
        taken: set[str] = set()
        for split in ("test", "train"):
            rows = characters(self._pen(f"characters/{split}"), split, taken)
            write_jsonl(self.out / f"dialogue/characters/characters_{split}.jsonl", rows)
        for split, count in zip(("train", "test"), self._rows("events"), strict=True):
            rows = event_rows(self._pen(f"events/{split}"), self.world, count, split)
            write_jsonl(self.out / f"events/events_{split}.jsonl", rows)
        self._questions()
        for split, count in zip(("test", "train"), self._rows("review_pairs")[::-1], strict=True):
            rows = review_pairs(self._pen(f"review_pairs/{split}"), count, split)
            write_jsonl(self.out / f"review_pairs/review_pairs_{split}.jsonl", rows)
            self._hold_out(row["premise"] for row in rows)
        with whole_file(self.out / "SYNTHETIC.md") as file:
            file.write(self._readme())

    def _questions(self) -> None:
        """Writes questions by type, and expansions: those of dev and test on a world that no document tells of."""
        train, dev, test = self._rows("questions")
        known = [entity for entity in self.world.all if entity.name not in self.closed]
        other = World(self._pen("questions/world"), size=self.megabytes / 10)
        new = unknown(self.world, other)
        random.Random(f"{self.seed}/questions").shuffle(known)
        random.Random(f"{self.seed}/questions").shuffle(new)
        asked = {
            "test": (other, new[:test], new),
            "dev": (other, new[test : test + dev], new),
            "train": (self.world, [known[i % len(known)] for i in range(train)], known),
        }
        for split, (world, entities, allowed) in asked.items():
            desk = Desk(self._pen(f"questions/{split}"), world)
            rows = question_rows(desk, entities, allowed, split)
            write_json(self.out / f"questions/questions_{split}.json", rows)
        counts = dict(zip(("train", "test"), self._rows("expansions"), strict=True))
        for split, count in counts.items():
            world, _, allowed = asked[split]
            desk = Desk(self._pen(f"expansions/{split}"), world)
            expansions = expansion_rows(desk, allowed, count, split)
            write_jsonl(self.out / f"expansions/expansions_{split}.jsonl", expansions)

    def _reservations(self) -> dict[str, list[dict[str, Any]]]:
        folder = self.out / "klue/wos-v1.1"
        found = reservations(self._pen("reservations"))
        for split, rows in found.items():
            write_json(folder / f"wos-v1.1_{split}.json", rows)
        write_json(folder / "ontology.json", ontology(self.lexicon))
        return found

    def _labelled(self) -> None:
        folder = self.out
        train, test = self._rows("nsmc")
        reviews = nsmc(self._desk("nsmc/test"), test, 9_000_001)
        _tsv(folder / "nsmc/ratings_test.txt", ("id", "document", "label"), reviews)
        self._hold_out(review for _, review, _ in reviews)

        topics, pairs = self._rows("ynat"), self._rows("sts")
        headlines = ynat(self._desk("ynat/dev"), topics[1], "dev")
        write_json(folder / "klue/ynat-v1.1/ynat-v1.1_dev.json", headlines)
        self._hold_out(row["title"] for row in headlines)
        alike = sts(self._desk("sts/dev"), pairs[1], "dev")
        write_json(folder / "klue/klue-sts-v1.1/klue-sts-v1.1_dev.json", alike)
        self._hold_out(row[side] for row in alike for side in ("sentence1", "sentence2"))

        entities = list(self.world.all)
        random.Random(f"{self.seed}/korquad").shuffle(entities)
        paragraphs = self._rows("korquad")
        reserved = min(paragraphs[1], len(entities) // 5)
        self.closed = frozenset(entity.name for entity in entities[:reserved])
        asked = korquad(self._desk("korquad/dev"), entities[:reserved], "dev")
        write_json(folder / "korquad/KorQuAD_v1.0_dev.json", asked)
        self._hold_out(article["paragraphs"][0]["context"] for article in asked["data"])

        for i, split in ((2, "test"), (1, "dev"), (0, "train")):
            translated = koen(self._desk(f"koen/{split}"), self._rows("koen")[i])
            _tsv(folder / f"parallel/koen_{split}.tsv", ("ko", "en", "source"), translated)
            queries = query_modifications(
                self._desk(f"query_modification/{split}"),
                self._rows("query_modification")[i],
                split,
            )
            write_jsonl(folder / f"query_modification/query_modification_{split}.jsonl", queries)
            if split != "train":
                self._hold_out(
                    side for korean, english, _ in translated for side in (korean, english)
                )
                self._hold_out(row["rewrite"] for row in queries)
                turns = (turn for row in queries for turn in (*row["context"], row["query"]))
                self._hold_out(turn for turn in turns if len(turn.split()) >= 5)

        reviews = nsmc(self._desk("nsmc/train"), train, 1_000_003)
        _tsv(folder / "nsmc/ratings_train.txt", ("id", "document", "label"), reviews)
        headlines = ynat(self._desk("ynat/train"), topics[0], "train")
        write_json(folder / "klue/ynat-v1.1/ynat-v1.1_train.json", headlines)
        alike = sts(self._desk("sts/train"), pairs[0], "train")
        write_json(folder / "klue/klue-sts-v1.1/klue-sts-v1.1_train.json", alike)
        known = [entity for entity in entities if entity.name not in self.closed]
        desk = self._desk("korquad/train")
        asked = korquad(desk, [known[i % len(known)] for i in range(paragraphs[0])], "train")
        write_json(folder / "korquad/KorQuAD_v1.0_train.json", asked)

    def _hold_out(self, texts: Any) -> None:
        self.held_out.update(texts)

    def _readme(self) -> str:
        rows = "\n".join(
            f"| {recipe.kind} | {recipe.name} | {recipe.share:g} |" for recipe in recipes()
        )
        return README.format(
            megabytes=self.megabytes,
            seed=self.seed,
            version=VERSION,
            plain=plain_share(),
            rows=rows,
        )


def _tsv(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with whole_file(path) as file:
        for row in (header, *rows):
            file.write("\t".join(row) + "\n")


README = """# Synthetic Korean sample

Everything in this folder was written by a program (`clova_jax.sample`, version {version},
`megabytes={megabytes:g}`, `seed={seed}`): a grammar, a lexicon of some two thousand entries, and a
made-up world of people, towns, films, companies, products, restaurants and events whose facts recur
across documents. **None of it is real data**: no sentence was taken from anywhere, no person or fact is
meant to be real, and a score measured here says nothing about real Korean.

The labelled sets only borrow the official file formats and names, so that the same loaders read them:
`nsmc/` (half positive, 5% of the labels wrong), `korquad/`, `klue/ynat-v1.1/` (5% of the labels drawn at
random), `klue/klue-sts-v1.1/` (about 45% alike), `parallel/` (Korean-English), `query_modification/`
(a follow-up question to a speaker, and the same question so that it stands alone), `dialogue/sae4k/` (what a
person says to things at home, and the intent; no document holds the name of one with 20 utterances), `dialogue/Chatbot_data/` (small talk
and its answers; no document holds one of them), `klue/wos-v1.1/` (reservations
in eight domains, with the state after each turn of the user's; documents hold others, of four of the domains), `events/` (products on sale, a day, and a
title; no document holds the name of a product of the test), `dialogue/characters/` (characters with facts, a manner and a
world, each with a talk of 40 turns; no document holds one), `questions/` (KorQuAD's format with a type: one fact, two hops, yes
or no, why, how; no document names what those of dev and test are on), `expansions/` (a summary, a related question, a related
answer, easy wording, a comparison of two people; the same of its test), `review_pairs/` (a film review, and a sentence that follows from
it, contradicts it, or neither, in KLUE-NLI's form). `meta` of a document that is one film review has its film, rating, polarity and
the aspect that it speaks of.

Documents also hold lists of labelled reviews, headlines with topics, questions on passages, sentence pairs,
translations, rewritten queries, utterances of intents, reservations and events in the formats of the paper's prompts, as the web does. They were
generated apart from the test and dev sets, and none of those rows' texts occurs in them.
Plain prose is {plain:g}% of the bytes.

| kind | recipe | % of bytes |
|---|---|---|
{rows}
"""

__all__ = ["MARKER", "ROWS", "VERSION", "is_sample", "renew_sample", "write_sample"]
