"""Ways to ask for stars: what is added up, the threshold that sees no label, and that the test has no part in the choice."""

import json

import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, evaluate, train_tokenizer
from clova_jax.sample import write_sample
from experiments import star_prompts
from experiments.star_prompts import TABLE, USUAL, WAYS, Asked, Options, Way

STARS = np.log(
    np.array([[[1, 1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 10], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]])
)
ASKED = Asked(np.concatenate([STARS, STARS + 3.0]), np.array([-4.0, 2.0]), np.array([True, False]))


def test_odds_are_those_of_the_stars_whatever_is_added_to_all_of_them():
    want = np.log([10 / 5, 1 / 5])
    for name in ("direct", "openings"):
        np.testing.assert_allclose(ASKED.odds(Way(name, 5, 10)), want)
    np.testing.assert_allclose(ASKED.odds(Way("openings", 5, 6)), np.log([10.4 / 5, 5 / 5]))
    np.testing.assert_allclose(ASKED.odds(Way("both", 5, 10, 0.5)), want + np.array([-2.0, 1.0]))
    assert ASKED.odds(Way("channel")).tolist() == [-4.0, 2.0]


def test_the_median_is_a_threshold_without_labels():
    stars = np.zeros((1, 4, 10))
    stars[0, :, 9] = [5.0, 6.0, 7.0, 8.0]  # all look positive
    asked = Asked(stars, np.zeros(4), np.array([False, False, True, True]))
    assert asked.right(USUAL, "raw").tolist() == [False, False, True, True]
    assert asked.right(USUAL, "median").all()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_sample(folder / "data", megabytes=0.1)
    texts = [item.text for item in evaluate.load_task("nsmc_stars").load(folder / "data").pool]
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=400)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=256)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    return folder


def test_what_is_asked_is_the_likelihood_of_the_written_page(model):
    lm = LanguageModel.load(model / "model")
    data = evaluate.load_task("nsmc_stars").load(model / "data")
    asked = star_prompts.ask(lm, data.pool[:3])
    page = star_prompts.OPENINGS[1] + data.pool[2].text
    assert asked.stars[1, 2, 6] == pytest.approx(lm.score([page], [" (별점 7점)"])[0], abs=1e-4)
    shown = [lm.score([page], [data.pool[2].text])[0] for page in star_prompts.PRAISE]
    hidden = [lm.score([page], [data.pool[2].text])[0] for page in star_prompts.BLAME]
    assert asked.channel[2] == pytest.approx(np.mean(shown) - np.mean(hidden), abs=1e-4)


def test_the_way_is_chosen_on_training_reviews_and_tested_once(model, tmp_path):
    options = Options(
        out=tmp_path, model=(model / "model",), data=model / "data", training=20, limit=12
    )
    assert TABLE.run(options) == 0
    found = json.loads((tmp_path / "results.json").read_text())
    rows = {
        part: [row for row in found["rows"] if row["part"] == part] for part in ("training", "test")
    }
    assert len(rows["training"]) == 2 * len(WAYS)
    best = rows["training"][0]
    medians = [row["value"] for row in rows["training"] if row["scoring"] == "median"]
    assert medians == sorted(medians, reverse=True)
    names = ("way", "low_to", "high_from", "weight")
    tested = {tuple(row[name] for name in names) for row in rows["test"]}
    usual = (USUAL.name, USUAL.low_to, USUAL.high_from, USUAL.weight)
    assert tested == {usual, tuple(best[name] for name in names)}
    assert {row["items"] for row in rows["test"]} == {12}
    assert (tmp_path / "star_prompts.png").stat().st_size > 0
    assert sum("on test reviews: " in note for note in found["notes"]) == 2
