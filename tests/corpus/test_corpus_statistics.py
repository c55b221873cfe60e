"""Table 1 of a small corpus: counts that agree with counting by hand, and a rerun that counts nothing."""

import json
import random

import pytest
from corpus_world import prose

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json
from clova_jax.tokenizers import train_tokenizer
from experiments.corpus_statistics import TABLE, Options


def test_table_1_of_a_small_corpus(tmp_path, capsys):
    rng = random.Random(0)
    blogs = [prose(rng, 3) for _ in range(20)]
    news = [
        "This headline is written in English, as nobody translated it.",
        *(prose(rng, 1) for _ in range(9)),
    ]
    data = tmp_path / "data"
    data.mkdir()
    for name, texts in (("blogs", blogs), ("news_headlines", news)):
        lines = (json.dumps({"text": text}) + "\n" for text in texts)
        (data / f"{name}.jsonl").write_text("".join(lines))
    tokenizer = train_tokenizer(blogs, kind="byte", vocab_size=400)
    tokenizer.save(tmp_path / "tokenizer")
    options = Options(data=data, tokenizer=tmp_path / "tokenizer", out=tmp_path / "out", workers=1)
    TABLE.run(options)
    rows = {row["kind"]: row for row in read_json(tmp_path / "out" / "results.json")["rows"]}
    assert set(rows) == {"blog", "news", "total"}
    assert rows["blog"]["documents"] == 20
    assert rows["total"]["megabytes"] == pytest.approx(
        sum(len(t.encode()) for t in blogs + news) / 1e6
    )
    assert rows["blog"]["tokens"] == sum(len(ids) for ids in tokenizer.encode_batch(blogs))
    assert rows["blog"]["korean_percent"] == 100
    english = 100 * len(news[0].encode()) / sum(len(text.encode()) for text in news)
    assert rows["news"]["korean_percent"] == pytest.approx(100 - english)
    assert (tmp_path / "out" / "kinds.png").stat().st_size > 1_000
    assert "561.8" in capsys.readouterr().out.replace("561.80", "561.8")
    for path in data.iterdir():
        path.write_text("")  # a rerun reads counts, not documents
    TABLE.run(options)
    with pytest.raises(ClovaError, match="another corpus or tokenizer"):
        TABLE.run(Options(data=tmp_path, tokenizer=tmp_path / "tokenizer", out=tmp_path / "out"))
