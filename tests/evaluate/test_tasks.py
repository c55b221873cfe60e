"""Every task reads its files, writes its prompts, and names the row where a file is wrong."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import PAPER_TASKS, evaluate, load_task, task_names
from clova_jax.evaluate.rows import do_nothing


def draw(task, data, item, shots: int = 2) -> list:
    return task.examples(item, data, shots, np.random.default_rng(0))


def test_the_names() -> None:
    assert set(task_names()) == {
        *PAPER_TASKS,
        *("3i4k", "klue_nli", "korsts", "nsmc_stars", "nsmc_words", "sae4k"),
    }
    assert all(load_task(name).name == name for name in task_names())
    with pytest.raises(ClovaError, match="no task 'nsmcc'; there are: nsmc, korquad"):
        load_task("nsmcc")


@pytest.mark.parametrize("name", ["nsmc", "korquad", "ko_en", "en_ko", "ynat", "klue_sts"])
def test_the_papers_protocol(name: str) -> None:
    protocol = {
        "nsmc": (70, 12, "accuracy"),
        "korquad": (4, 1, "exact_match"),
        "ko_en": (4, 3, "bleu"),
        "en_ko": (4, 3, "bleu"),
        "ynat": (70, 3, "macro_f1"),
        "klue_sts": (40, 3, "f1"),
    }
    task = load_task(name)
    assert (task.shots, task.trials, task.metrics[0].name) == protocol[name]


EXAMPLES = {
    "nsmc": "test 영화 1번 좋다 (긍정)",
    "nsmc_stars": "test 영화 1번 좋다 (별점 10점)",
    "nsmc_words": "test 영화 1번 좋다 재미있다",
    "ynat": "dev 제목 1 (경제)",
    "klue_sts": "문장1: 첫 문장 1\n문장2: 둘째 문장 1\n정답: 다름",
    "korsts": "문장1: 문장 1\n문장2: 비슷한 문장 1\n정답: 다름",
    "klue_nli": "전제 1:가설 1 (중립)",
    "ko_en": "한국어: 한국어 문장 1입니다.\n영어: This is sentence 1.",
    "en_ko": "영어: This is sentence 1.\n한국어: 한국어 문장 1입니다.",
    "korquad": "질문: 질문 1?\n\n답: 1",
    "query_modification": (
        "대화:\n서울 날씨 알려줘\n맑습니다\n질의: 내일 1시는?\n수정: 서울 내일 1시 날씨는?"
    ),
    "3i4k": "test 발화 1번 (서술)",
    "sae4k": "발화: 1번 방의 불을 켜 줄 수 있니\n의도: 1번 방 불 켜기",
}


@pytest.mark.parametrize("name", task_names())
def test_an_example_is_text_and_answer(name: str, data: Path) -> None:
    task = load_task(name)
    loaded = task.load(data)
    assert task.shown(loaded.items[1]) == EXAMPLES[name]
    assert all(item.text == item.text.rstrip() for item in loaded.items)
    assert task.source
    assert task.present(data)
    if task.labels:
        assert len(set(task.choices())) == len(task.labels)
        assert len(task.content_free) == 3


@pytest.mark.parametrize("name", task_names())
def test_examples_are_others_and_compressed_files_do_too(name: str, data: Path) -> None:
    task = load_task(name)
    loaded = task.load(data)
    for item in loaded.items[:5]:
        shown = draw(task, loaded, item)
        assert len({example.id for example in shown}) == 2
        assert all(example.place != item.place for example in shown)
    for path in data.rglob("*.*"):
        if path.is_file():
            Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    again = task.load(data)
    assert [(i.id, i.text, i.answers) for i in again.items] == [
        (i.id, i.text, i.answers) for i in loaded.items
    ]


def test_korquad_examples_are_of_the_same_paragraph(data: Path) -> None:
    task = load_task("korquad")
    loaded = task.load(data)
    for item in loaded.items:
        shown = draw(task, loaded, item, shots=4)
        assert {example.lead for example in shown} == {item.lead}
        assert item.id not in {example.id for example in shown}
    assert loaded.items[0].lead == "제목: 제목 0\n\n본문: 문단 0 0의 본문이다. 답은 0이다."


def test_stand_ins_for_absent_training_files(data: Path) -> None:
    (data / "klue/klue-sts-v1.1/klue-sts-v1.1_train.json").unlink()
    (data / "klue/klue-nli-v1.1/klue-nli-v1.1_train.json").unlink()
    (data / "kornlu/KorNLI").mkdir()
    (data / "kornlu/KorNLI/xnli.dev.ko.tsv").write_text(
        "sentence1\tsentence2\tgold_label\n가\t나\tneutral\n"
    )
    sts, nli = load_task("klue_sts").load(data), load_task("klue_nli").load(data)
    assert len(sts.pool) == 12
    assert any("KorSTS train" in note for note in sts.notes)
    assert [item.text for item in nli.pool] == ["가:나"]
    assert any("KorNLI dev" in note for note in nli.notes)


def spoil(path: Path, change) -> None:
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def json_change(change):
    def apply(text: str) -> str:
        value = json.loads(text)
        change(value)
        return json.dumps(value, ensure_ascii=False)

    return apply


YNAT, STS = "klue/ynat-v1.1/ynat-v1.1_dev.json", "klue/klue-sts-v1.1/klue-sts-v1.1_dev.json"
FAULTS = [
    (
        "nsmc",
        "nsmc/ratings_test.txt",
        lambda t: t.replace("label", "labels", 1),
        r"test.txt:1: no 'label'; it has 'id'",
    ),
    (
        "nsmc",
        "nsmc/ratings_test.txt",
        lambda t: t.replace("2번 별로\t0", "2번 별로\t7", 1),
        r"test.txt:4: label '7' is none of 0, 1",
    ),
    (
        "nsmc",
        "nsmc/ratings_test.txt",
        lambda t: t.replace("2번 별로\t0", "2번 별로", 1),
        r"test.txt:4: 2 fields where the header has 3",
    ),
    (
        "nsmc",
        "nsmc/ratings_test.txt",
        lambda t: t.split("\n")[0] + "\n",
        r"ratings_test.txt: has no rows",
    ),
    ("nsmc", "nsmc/ratings_train.txt", lambda t: "", r"ratings_train.txt: has no rows"),
    ("ynat", YNAT, json_change(lambda v: v[3].pop("title")), r"entry 3 \(dev3\): no 'title'"),
    (
        "ynat",
        YNAT,
        json_change(lambda v: v[3].update(label="문화")),
        r"entry 3 \(dev3\): label '문화' is none of IT과학",
    ),
    ("ynat", YNAT, json_change(lambda v: v.clear()), r"ynat-v1.1_dev.json: has no rows"),
    (
        "ynat",
        YNAT,
        json_change(lambda v: v[3].update(title=5)),
        r"entry 3 \(dev3\): title is 5, not text",
    ),
    ("ynat", YNAT, lambda t: '{"data": []}', r"dev.json: not a JSON list"),
    (
        "klue_sts",
        STS,
        json_change(lambda v: v[2]["labels"].pop("real-label")),
        r"entry 2 \(dev2\): no 'real-label'",
    ),
    (
        "klue_sts",
        STS,
        json_change(lambda v: v[2]["labels"].update({"real-label": 9})),
        r"entry 2 \(dev2\): real-label 9 is not a number from 0 to 5",
    ),
    (
        "korsts",
        "kornlu/KorSTS/sts-test.tsv",
        lambda t: t.replace("3.0", "x", 1),
        r"sts-test.tsv:5: score 'x' is not a number",
    ),
    (
        "klue_nli",
        "klue/klue-nli-v1.1/klue-nli-v1.1_dev.json",
        json_change(lambda v: v[0].update(gold_label="yes")),
        r"entry 0 \(dev0\): label 'yes'",
    ),
    (
        "korquad",
        "korquad/KorQuAD_v1.0_dev.json",
        json_change(lambda v: v["data"][1]["paragraphs"][0]["qas"][2].pop("answers")),
        r"article 1 paragraph 0 question 2 \(1-0-2\): no 'answers'",
    ),
    (
        "korquad",
        "korquad/KorQuAD_v1.0_dev.json",
        json_change(lambda v: v["data"][1]["paragraphs"][0].pop("context")),
        r"article 1 paragraph 0: no 'context'",
    ),
    (
        "korquad",
        "korquad/KorQuAD_v1.0_dev.json",
        json_change(lambda v: v.update(data=[])),
        r"dev.json: has no rows",
    ),
    (
        "ko_en",
        "parallel/koen_test.tsv",
        lambda t: t.replace("ko\ten", "kr\ten", 1),
        r"koen_test.tsv:1: no 'ko'",
    ),
    (
        "query_modification",
        "query_modification/query_modification_test.jsonl",
        lambda t: t.replace('"query"', '"ask"', 1),
        r"test.jsonl:1: no 'query'",
    ),
    (
        "query_modification",
        "query_modification/query_modification_test.jsonl",
        lambda t: t.replace('["서울 날씨 알려줘", "맑습니다"]', '"서울"', 1),
        r"test.jsonl:1: context is '서울', not a list",
    ),
]


@pytest.mark.parametrize(("name", "file", "change", "message"), FAULTS)
def test_a_fault_is_one_line_with_its_place(name, file, change, message, data: Path) -> None:
    spoil(data / file, change)
    with pytest.raises(ClovaError, match=message) as caught:
        load_task(name).load(data)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(data: Path) -> None:
    (data / "nsmc/ratings_test.txt").unlink()
    assert not load_task("nsmc").present(data)
    with pytest.raises(ClovaError, match=r"has no file ratings_test.txt"):
        load_task("nsmc").load(data)


@pytest.mark.parametrize("name", ["query_modification", "sae4k"])
def test_the_baseline_of_table_5_is_the_source_unchanged(name: str, data: Path, guesser) -> None:
    task = load_task(name)
    items = task.load(data).items[:6]
    (copies,) = do_nothing(task, items)
    assert [copy.prediction for copy in copies] == [item.source for item in items]
    row = evaluate(guesser(), task, data, shots=0, limit=6)
    assert row["baseline"] > 1, "a copy shares words with the answer"
    assert "baseline: the source copied unchanged" in row["note"]


def test_more_examples_than_there_are(data: Path) -> None:
    task = load_task("nsmc")
    loaded = task.load(data)
    with pytest.raises(ClovaError, match=r"70 examples asked for, .*ratings_train.txt has 24"):
        draw(task, loaded, loaded.items[0], shots=70)


@pytest.mark.parametrize("name", [name for name in task_names() if name != "query_modification"])
def test_the_real_files(name: str, real_data: Path) -> None:
    loaded = load_task(name).load(real_data)
    counts = {
        "nsmc": 30_000,
        "nsmc_stars": 30_000,
        "nsmc_words": 30_000,
        "ynat": 5_464,
        "klue_sts": 311,
        "klue_nli": 1_800,
        "korquad": 3_555,
        "korsts": 1_379,
        "ko_en": 3_252,
        "en_ko": 3_252,
        "sae4k": 1_326,
        "3i4k": 6_121,
    }
    assert len(loaded.items) == counts[name]
    assert len({item.id for item in loaded.items}) == counts[name]
