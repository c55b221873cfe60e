"""The report of a training says what its metrics say."""

import json

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.sample import write_sample
from clova_jax.tables import made
from clova_jax.tables.trainings import by_source, training_notes, validations
from experiments.pretraining import TABLE

STEPS = [
    {"step": n, "tokens": 100 * n, "loss": 10.0 - n, "tokens_per_second": 50.0 * n, "mfu": 0.5}
    for n in range(1, 4)
]
VALIDATION = {"step": 2, "tokens": 200, "val_bits_per_byte": 2.0, "val_bits_per_byte_law": 3.0}


def test_bits_per_byte_come_by_source_and_time():
    later = VALIDATION | {"tokens": 300_000, "val_bits_per_byte_law": 1.5}
    metrics = [*STEPS[:2], VALIDATION, STEPS[2], later]
    assert validations(metrics)[0] == (200, {"all": 2.0, "law": 3.0})
    assert by_source(metrics)[1] == {
        "held-out text": "law",
        "200 tokens": 3.0,
        "300,000 tokens": 1.5,
    }
    assert by_source(STEPS) == []


def test_two_validations_close_together_are_two_columns():
    later = VALIDATION | {"tokens": 201}
    rows = by_source([VALIDATION, later])
    assert [name for name in rows[0] if "tokens" in name] == ["200 tokens", "201 tokens"]


def test_notes_have_pace_and_loss():
    noted = " ".join(training_notes([*STEPS, VALIDATION]))
    assert "3 steps, 300 tokens, 0 skipped" in noted
    assert "median 100 tokens a second, 50%" in noted
    assert "loss 8.000" in noted


def test_a_missing_run_is_a_message(capsys):
    assert TABLE.main(["--run", "nowhere"]) == 2
    assert "clova pretrain --out" in capsys.readouterr().err


def test_without_a_run_it_reads_the_quickstarts(capsys, tmp_path, monkeypatch):
    """A stand-in for the training leaves the files that the real one does."""

    def trained(options):
        tokenizer = train_tokenizer(["가나다 라마바"], kind="byte", vocab_size=257)
        config = ModelConfig(1, 8, 1, vocab_size=257, max_length=128)
        LanguageModel.create(config, tokenizer).save(options.out / "model")
        rows = [*STEPS, VALIDATION]
        (options.out / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        write_sample(options.out / "sample", megabytes=0.1)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(made, "make_model", trained)
    for _ in range(2):  # the second time it finds the training
        assert TABLE.main(["--openings", "가나"]) == 0
        monkeypatch.setattr(made, "make_model", None)
    assert "synthetic" in (tmp_path / "runs/pretraining/table.md").read_text()
    assert "> **가나**" in capsys.readouterr().out
