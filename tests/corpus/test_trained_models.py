"""The trained operators: web pages, toxicity, n-gram models on disk, and the commands around them."""

import json
import random
import sys

import numpy as np
import pytest
from corpus_world import prose, write_world

from clova_jax.cli import main as clova
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json
from clova_jax.corpus.clean.linear_model import NgramModel
from clova_jax.corpus.clean.toxicity import toxicity
from clova_jax.corpus.documents import read_documents
from clova_jax.corpus.read.core_region import (
    block_features,
    core_scores,
    core_text,
    label_blocks,
    train_core_region,
)
from clova_jax.corpus.read.html import html_blocks, html_text, html_title
from clova_jax.corpus.trials.pages import pages
from clova_jax.data.document_mixture import exact_copies
from clova_jax.labelled.safety import TRAINING_FILES, read_hate_speech
from clova_jax.tables import filters

PAGE = """<html><head><title>제주의 봄 | 블로그</title><style>b{}</style></head><body>
<h1>제주의 봄</h1><p>오늘은 <b>제주</b>에 다녀왔다.<br>비가 왔다.</p>
<ul><li>한라산<ol><li>성판악</li><li>관음사</li></ol></li><li>우도</li></ul>
<table><tr><th>이름</th><th>값</th></tr><tr><td><p>귤</p></td><td>3,000원</td></tr></table>
<pre>a = 1
  b = 2</pre><div style="display: none">숨김</div><script>x()</script></body></html>"""


def test_html_keeps_the_form_of_a_document():
    assert html_text(PAGE) == (
        "# 제주의 봄\n\n오늘은 제주에 다녀왔다.\n비가 왔다.\n\n"
        "- 한라산\n  1. 성판악\n  2. 관음사\n- 우도\n\n이름 | 값\n귤 | 3,000원\n\na = 1\n  b = 2"
    )
    assert html_title(PAGE) == "제주의 봄 | 블로그"


@pytest.mark.parametrize(
    "html", ["", "<", "글", "<div>" * 3000 + "깊다", "<table><td>칸", "<p>\x00</p>"]
)
def test_broken_html_is_no_error(html):
    assert isinstance(core_text(html), str)
    assert isinstance(html_text(html), str)


def test_core_model_on_layouts_it_has_not_seen():
    model = train_core_region(pages(120, 1, ("blog", "forum", "plain", "table", "semantic")))
    assert core_scores(pages(30, 2, ("news",)), model)["f1"] > 90
    html, core = next(pages(1, 5))
    blocks = html_blocks(html)
    assert block_features(blocks).shape[0] == len(blocks)
    assert 0 < label_blocks(blocks, core).sum() < len(blocks)


def test_ngram_model_learns_and_survives_the_disk(tmp_path):
    rng = random.Random(0)
    texts = [prose(rng, 1) + rng.choice([" 나쁜놈", ""]) for _ in range(300)]
    labels = np.array([["나쁜놈" in text] for text in texts], np.int8)
    model = NgramModel.fit(texts, labels, ("bad",), bits=14)
    assert ((model(texts) > 0.5) == labels).mean() > 0.98
    model.save(tmp_path / "m.safetensors")
    again = NgramModel.load(tmp_path / "m.safetensors")
    assert np.array_equal(again(texts[:9]), model(texts[:9]))
    assert again.labels == ("bad",)
    (tmp_path / "x.safetensors").write_bytes(b"no")
    with pytest.raises(ClovaError, match="not an n-gram model"):
        NgramModel.load(tmp_path / "x.safetensors")


def test_a_text_is_judged_by_itself_whatever_stands_beside_it():
    texts = ["가나다", "", "라", "나쁜 놈들"]
    rng = np.random.default_rng(0)
    model = NgramModel(
        rng.standard_normal((1 << 12, 2)).astype(np.float32),
        np.zeros(2, np.float32),
        np.ones(1 << 12, np.float32),
        ("a", "b"),
        (1, 2, 3, 4),
    )
    for text, row in zip(texts, model(texts), strict=True):
        np.testing.assert_allclose(model([text])[0], row, rtol=1e-6)


def test_a_model_hashed_otherwise_is_refused(tmp_path):
    from safetensors.numpy import save_file

    tensors = {"weights": np.ones((4, 1)), "bias": np.ones(1), "idf": np.ones(4)}
    save_file(tensors, tmp_path / "old.safetensors", {"labels": '["t"]', "orders": "[1]"})
    with pytest.raises(ClovaError, match="an older version; train it again"):
        NgramModel.load(tmp_path / "old.safetensors")


def test_long_texts_are_judged_by_stretches():
    model = NgramModel(
        np.ones((16, 1), np.float32), np.zeros(1, np.float32), np.ones(16, np.float32), ("t",), (1,)
    )
    texts = ["가" * 900, "가" * 20, ""]
    values = toxicity(texts, model)
    assert values.shape == (3,)
    assert values[0] == pytest.approx(float(model(["가" * 300])[0, 0]))


def test_labelled_files_are_read_whole(real_data):
    rows = read_hate_speech(real_data / "safety" / "korean-hate-speech" / "labeled", "train.tsv")
    assert len(rows) == 7_896
    assert {label for _, label in rows} == {"none", "offensive", "hate"}


def test_a_model_of_toxicity_in_the_folder_is_of_the_data_that_are_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(
        filters, "toxicity_scores", lambda safety, model: model(["나쁜놈", "고운님"])[:, 0]
    )
    path = tmp_path / "toxicity.safetensors"
    first, second = (
        filters.toxicity(write_safety(tmp_path / toxic, toxic, mild), path)
        for toxic, mild in (("나쁜놈", "고운님"), ("고운님", "나쁜놈"))
    )
    assert first[0] > first[1]
    assert second[0] < second[1]


def write_safety(safety, toxic, mild):
    """Training files in which one word is toxic and the other is not."""
    for (folder, name), header, labels in zip(
        TRAINING_FILES,
        ("comments\thate", "문장\tclean"),
        (("none", "hate"), ("1", "0")),
        strict=True,
    ):
        (safety / folder).mkdir(parents=True)
        rows = [f"{(mild, toxic)[n % 2]} {n}\t{labels[n % 2]}" for n in range(40)]
        (safety / folder / name).write_text("\n".join([header, *rows]) + "\n")
    return safety


def test_exact_copies_fill_the_bytes():
    sizes = np.random.default_rng(0).integers(10, 500, 2_000)
    for epochs in (0.0, 0.37, 1.0, 2.5):
        copies = exact_copies(sizes, epochs, np.random.default_rng(1))
        assert abs((copies * sizes).sum() - epochs * sizes.sum()) <= 500
        assert set(copies.tolist()) <= {int(epochs), int(epochs) + 1}
        assert np.array_equal(copies, exact_copies(sizes, epochs, np.random.default_rng(1)))


def test_the_command_mixes_by_the_wished_shares(tmp_path, capsys):
    data = write_world(tmp_path)
    words = ["corpus", "--data", str(data), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert clova([*words, "--weights", "blogs=3", "pages=1", "--megabytes", "0.05"]) == 0
    sizes: dict[str, int] = {}
    ids = []
    for document in read_documents(tmp_path / "out" / "documents"):
        sizes[document.source] = sizes.get(document.source, 0) + len(document.text.encode())
        ids.append(document.id)
    assert set(sizes) == {"blogs", "pages"}
    assert sizes["blogs"] == pytest.approx(37_500, abs=1_000)
    assert sizes["pages"] == pytest.approx(12_500, abs=1_500)
    assert len(set(ids)) == len(ids)
    assert any("#2" in name for name in ids)
    assert "report.html" in capsys.readouterr().out


def test_the_command_tells_mistakes_in_one_line(tmp_path, capsys):
    assert clova(["corpus"]) == 2
    assert clova(["corpus", "--data", str(tmp_path / "none")]) == 2
    (tmp_path / "empty").mkdir()
    assert clova(["corpus", "--data", str(tmp_path / "empty")]) == 2
    assert clova(["corpus", "--data", str(tmp_path), "--steps", "magic"]) == 2
    lines = capsys.readouterr().err.strip().split("\n")
    assert len(lines) == 4
    assert all(line.startswith("clova corpus: error: ") for line in lines)


def test_each_stage_of_a_run_says_what_it_does(tmp_path, capsys):
    data, safety = write_world(tmp_path), tmp_path / "safety"
    for (folder, name), header in zip(
        TRAINING_FILES, ("comments\thate", "문장\tclean"), strict=True
    ):
        (safety / folder).mkdir(parents=True)
        labels = ("none", "hate", "offensive") if "hate" in header else ("1", "0")
        rows = [
            f"{'나쁜놈 ' * (n % len(labels))}말 {n}\t{labels[n % len(labels)]}" for n in range(30)
        ]
        (safety / folder / name).write_text("\n".join([header, *rows]) + "\n")
    exam = tmp_path / "ratings_test.txt"
    exam.write_text("id\tdocument\tlabel\n1\t여기 없는 시험 문장이 하나 있다\t0\n")
    words = ["corpus", "--data", str(data), "--out", str(tmp_path / "out"), "--workers", "1"]
    words += ["--safety", str(safety), "--evaluation", str(exam), "--against", str(data)]
    assert clova(words) == 0
    shown = capsys.readouterr().err
    for stage in (
        "train on 60 labelled texts",
        "index evaluation sets",
        "clean",
        "read --against",
        "duplicates",
        "write",
    ):
        assert f"{stage}: " in shown, stage


def test_spark_is_missed_before_any_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    words = ["corpus", "--data", str(write_world(tmp_path)), "--out", str(tmp_path / "out")]
    assert clova([*words, "--executor", "spark"]) == 2
    shown = capsys.readouterr().err
    assert "--executor spark needs the package pyspark" in shown
    assert not (tmp_path / "out").exists()


def test_models_are_trained_by_command(tmp_path, capsys):
    rng = random.Random(0)
    rows = [{"text": prose(rng, 9), "label": True} for _ in range(20)]
    rows += [
        {"text": "아 대박ㅋㅋ!! 뭐임?? 헐... " * 24 + str(n), "label": False} for n in range(20)
    ]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "p.jsonl").write_text(
        "".join(json.dumps({"html": html, "text": core}) + "\n" for html, core in pages(40, 3))
    )
    for kind, name in (("quality", "q"), ("core_region", "p")):
        words = ["--kind", kind, "--data", str(tmp_path / f"{name}.jsonl")]
        assert clova(["corpus-model", *words, "--out", str(tmp_path / f"{name}.json")]) == 0
    trained = read_json(tmp_path / "q.json")["trained"]
    assert trained["low"] == 20 >= trained["high"] > 10
    data = write_world(tmp_path, documents=20)
    words = ["corpus", "--data", str(data), "--out", str(tmp_path / "out"), "--workers", "1"]
    models = ["--quality-model", str(tmp_path / "q.json"), "--core-model", str(tmp_path / "p.json")]
    assert clova([*words, *models]) == 0
    assert (
        clova(
            ["corpus-model", "--kind", "quality", "--data", str(tmp_path / "p.jsonl"), "--out", "x"]
        )
        == 2
    )
    assert "p.jsonl:1: expected 'text' and 'label'" in capsys.readouterr().err
