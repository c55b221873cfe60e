"""The sample world as a folder of data: formats, labels, no leaks, few repeats, learnable."""

import csv
import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from clova_jax.common.errors import ClovaError
from clova_jax.sample import renew_sample, write_sample
from clova_jax.sample.documents import DOCUMENT_KINDS, plain_share, recipes
from clova_jax.sample.headlines import TOPICS

GOLDEN = "9acfc70b9bf1f052"  # sha256 of the news of `write_sample(_, 0.1, seed=7)`
KLUE = "klue/{0}/{0}_{1}.json"
_BREAK = re.compile(r"(?<=[.!?~ㅋㅎㅠㅜ^])\s+|\n+")
_MARKS = re.compile(r"^(?:- |\w{1,3}\d?: |\w{2} \d: )")
_LABEL = re.compile(r" \((?:긍정|부정|과학|경제|사회|생활|세계|스포츠|정치)\)$")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample"), megabytes=1.0)


def documents(folder: Path) -> list[dict]:
    return [
        json.loads(line)
        for kind in DOCUMENT_KINDS
        for line in (folder / f"corpus/{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def klue(folder: Path, name: str, split: str) -> list[dict]:
    return json.loads((folder / KLUE.format(name, split)).read_text(encoding="utf-8"))


def korquad(folder: Path, split: str) -> list[tuple[dict, dict]]:
    data = json.loads((folder / f"korquad/KorQuAD_v1.0_{split}.json").read_text(encoding="utf-8"))
    assert data["version"] == f"KorQuAD_v1.0_{split}"
    return [
        (paragraph, question)
        for article in data["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]


def queries(folder: Path, split: str) -> list[dict]:
    path = folder / f"query_modification/query_modification_{split}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def digest(folder: Path) -> str:
    hashed = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            hashed.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return hashed.hexdigest()


def repeated_share(folder: Path) -> float:
    """Share of sentences (three words and more) that stand elsewhere in the corpus too."""
    counts: Counter[str] = Counter()
    for document in documents(folder):
        pieces = _BREAK.split(document["text"])
        counts.update(piece for piece in pieces if len(piece.split()) >= 3)
    return 1 - len(counts) / counts.total()


def held_out_texts(folder: Path) -> set[str]:
    """Every text of a test or dev row that is to be seen nowhere else."""
    texts = {row["document"] for row in table(folder / "nsmc/ratings_test.txt")}
    texts |= {row["title"] for row in klue(folder, "ynat-v1.1", "dev")}
    pairs = klue(folder, "klue-sts-v1.1", "dev")
    texts |= {row[side] for row in pairs for side in ("sentence1", "sentence2")}
    for paragraph, question in korquad(folder, "dev"):
        texts |= {paragraph["context"], question["question"]}
    for split in ("dev", "test"):
        rows = table(folder / f"parallel/koen_{split}.tsv")
        texts |= {row[side] for row in rows for side in ("ko", "en")}
        texts |= {row["rewrite"] for row in queries(folder, split)}
    return texts


def corpus_texts(folder: Path) -> set[str]:
    """Documents, their lines and their sentences, with and without list marks and labels."""
    found: set[str] = set()
    for document in documents(folder):
        pieces = {document["text"], *document["text"].split("\n"), *_BREAK.split(document["text"])}
        pieces |= {_LABEL.sub("", piece) for piece in pieces}
        found |= pieces | {_MARKS.sub("", piece) for piece in pieces}
    return found


def train_texts(folder: Path) -> set[str]:
    texts = {row["document"] for row in table(folder / "nsmc/ratings_train.txt")}
    texts |= {row["title"] for row in klue(folder, "ynat-v1.1", "train")}
    pairs = klue(folder, "klue-sts-v1.1", "train")
    texts |= {row[side] for row in pairs for side in ("sentence1", "sentence2")}
    for paragraph, question in korquad(folder, "train"):
        texts |= {paragraph["context"], question["question"]}
    rows = table(folder / "parallel/koen_train.tsv")
    texts |= {row[side] for row in rows for side in ("ko", "en")}
    return texts | {row["rewrite"] for row in queries(folder, "train")}


def char_ngram_accuracy(folder: Path) -> float:
    """Test accuracy of a logistic regression on character n-grams of NSMC train."""
    train, test = (table(folder / f"nsmc/ratings_{split}.txt") for split in ("train", "test"))
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, min_df=2)
    model = LogisticRegression(C=4, max_iter=500)
    model.fit(grams.fit_transform(r["document"] for r in train), [r["label"] for r in train])
    return model.score(grams.transform(r["document"] for r in test), [r["label"] for r in test])


def test_same_arguments_give_the_same_bytes(folder, tmp_path):
    again = write_sample(tmp_path / "again", megabytes=1.0)
    assert digest(again) == digest(folder)
    small = write_sample(tmp_path / "small", megabytes=0.2)
    other = write_sample(tmp_path / "other", megabytes=0.2, seed=1)
    assert digest(small) != digest(other)


def test_bytes_do_not_depend_on_the_python_or_the_process(tmp_path):
    # Set iteration and hashes differ between processes; the bytes must not. It changes with VERSION.
    write_sample(tmp_path, megabytes=0.1, seed=7)
    found = hashlib.sha256((tmp_path / "corpus/news.jsonl").read_bytes()).hexdigest()
    assert found[:16] == GOLDEN


def test_a_second_call_returns_at_once_and_a_cut_off_one_is_redone(tmp_path):
    out = write_sample(tmp_path, megabytes=0.1)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert write_sample(tmp_path, megabytes=0.1) == out
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before

    whole = digest(out)
    (out / "sample.json").unlink()
    (out / "corpus/wiki.jsonl").write_text("half", encoding="utf-8")
    assert digest(write_sample(tmp_path, megabytes=0.1)) == whole


def test_an_older_version_is_written_anew(tmp_path):
    whole = digest(write_sample(tmp_path, megabytes=0.1))
    marker = tmp_path / "sample.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "version": 0}))
    (tmp_path / "corpus/wiki.jsonl").write_text("old", encoding="utf-8")
    assert digest(renew_sample(tmp_path)) == whole
    assert digest(write_sample(tmp_path, megabytes=0.1)) == whole


def test_other_arguments_are_refused_in_one_line(tmp_path):
    write_sample(tmp_path, megabytes=0.1)
    with pytest.raises(ClovaError, match="other arguments.*choose another folder"):
        write_sample(tmp_path, megabytes=0.2)
    with pytest.raises(ClovaError, match=r"megabytes 0: too small.*0\.1"):
        write_sample(tmp_path / "none", megabytes=0)


def test_size_and_shares_are_as_asked(folder):
    rows = documents(folder)
    assert sum(recipe.share for recipe in recipes()) == pytest.approx(100)
    assert plain_share() > 50
    sizes = Counter()
    for row in rows:
        assert set(row) == {"id", "text", "source", "meta"}
        assert row["meta"]["synthetic"] is True
        sizes[row["source"], row["meta"]["recipe"]] += len(row["text"].encode())
    assert sizes.total() == pytest.approx(1e6, rel=0.03)
    for recipe in recipes():
        share = 100 * sizes[recipe.kind, recipe.name] / sizes.total()
        assert share == pytest.approx(recipe.share, abs=0.6), recipe
    assert len({row["id"] for row in rows}) == len(rows)
    assert "None of it is real data" in (folder / "SYNTHETIC.md").read_text(encoding="utf-8")


def test_nsmc_is_balanced_and_in_the_official_format(folder):
    for split in ("train", "test"):
        rows = table(folder / f"nsmc/ratings_{split}.txt")
        assert list(rows[0]) == ["id", "document", "label"]
        assert len({row["id"] for row in rows}) == len(rows)
        assert all(2 <= len(row["document"]) <= 140 for row in rows)
        positive = sum(row["label"] == "1" for row in rows) / len(rows)
        assert 0.45 < positive < 0.55
        assert {row["label"] for row in rows} == {"0", "1"}


def test_a_single_review_knows_its_stars_and_its_film(folder):
    pages = [row for row in documents(folder) if row["meta"]["recipe"] == "labelled reviews"]
    rated = [row for row in pages if "rating" in row["meta"]]
    assert [row for row in pages if "\n" not in row["text"]] == rated
    assert len(rated) > 100
    for row in rated:
        good = row["text"].endswith("(긍정)")
        assert row["meta"]["rating"] in (range(8, 11) if good else range(1, 6))
        assert row["meta"]["movie"]


def test_ynat_has_the_seven_labels(folder):
    for split in ("train", "dev"):
        rows = klue(folder, "ynat-v1.1", split)
        extra = {"predefined_news_category"} if split == "dev" else set()
        assert set(rows[0]) == {"guid", "title", "label"} | extra
        counts = Counter(row["label"] for row in rows)
        assert set(counts) == set(TOPICS)
        assert max(counts.values()) / len(rows) < 0.22


def test_sts_labels_agree_with_themselves(folder):
    for split in ("train", "dev"):
        rows = klue(folder, "klue-sts-v1.1", split)
        for row in rows:
            labels = row["labels"]
            assert set(labels) == {"label", "real-label", "binary-label"}
            assert 0 <= labels["real-label"] <= 5
            assert labels["binary-label"] == int(labels["real-label"] >= 3)
            assert row["sentence1"] != row["sentence2"]
        positive = sum(row["labels"]["binary-label"] for row in rows) / len(rows)
        assert 0.36 < positive < 0.54


def test_korquad_answers_stand_where_they_say(folder):
    for split in ("train", "dev"):
        rows = korquad(folder, split)
        assert len({question["id"] for _, question in rows}) == len(rows)
        for paragraph, question in rows:
            assert len(paragraph["qas"]) >= 5
            (answer,) = question["answers"]
            start = answer["answer_start"]
            assert paragraph["context"][start : start + len(answer["text"])] == answer["text"]


def test_parallel_and_query_rows_are_whole(folder):
    for split in ("train", "dev", "test"):
        for row in table(folder / f"parallel/koen_{split}.tsv"):
            assert list(row) == ["ko", "en", "source"]
            assert re.search("[가-힣]", row["ko"])
            assert not re.search("[가-힣]", row["en"])
        for row in queries(folder, split):
            assert set(row) == {"id", "context", "query", "rewrite"}
            assert row["query"] != row["rewrite"]
            assert len(row["context"]) in (2, 4)


def test_facts_recur_across_kinds_of_documents(folder):
    # Of the films that reviews and articles tell of, several are told of in three kinds at least.
    kinds: dict[str, set[str]] = {}
    for row in documents(folder):
        for title in set(re.findall("《[^》]+》", row["text"])):
            kinds.setdefault(title, set()).add(row["source"])
    assert sum(len(found) >= 3 for found in kinds.values()) >= 10


def test_no_test_or_dev_text_is_seen_elsewhere(folder):
    held_out = held_out_texts(folder)
    assert len(held_out) > 2_000
    assert not held_out & corpus_texts(folder)
    assert not held_out & train_texts(folder)


def test_few_sentences_repeat(folder):
    assert repeated_share(folder) < 0.05


def test_words_decide_most_labels_but_not_all(folder):
    assert 0.78 < char_ngram_accuracy(folder) < 0.95  # 3,800 reviews; see the slow test for 12,000


@pytest.mark.slow
def test_at_ten_megabytes(tmp_path):
    folder = write_sample(tmp_path)
    assert sum(len(row["text"].encode()) for row in documents(folder)) == pytest.approx(
        1e7, rel=0.01
    )
    assert repeated_share(folder) < 0.05
    assert not held_out_texts(folder) & (corpus_texts(folder) | train_texts(folder))
    assert 0.85 < char_ngram_accuracy(folder) < 0.96
