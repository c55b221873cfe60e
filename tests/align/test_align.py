"""DPO and RLOO: losses, gradients, what they converge to, what is refused, runs that are stopped."""

import itertools
import math
from collections import Counter

import jax
import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig
from clova_jax.align import (
    Pair,
    PreferenceConfig,
    RewardModel,
    Sampled,
    align,
    best_of,
    best_of_kl,
    dpo_loss,
    encode_pairs,
    leave_one_out,
    sample_texts,
    sequence_kl,
    train_reward,
)
from clova_jax.align.pairs import Preference
from clova_jax.common.errors import ClovaError
from clova_jax.common.stop import Stopped
from clova_jax.inference import score_ids
from clova_jax.model import init_params
from clova_jax.tuning import LoraConfig, TuneOptions
from tests.worlds.byte_tokenizer import Bytes
from tests.worlds.models import make_lm

OTHER = make_lm(seed=5, max_length=48)
REWARDS = np.array([1.0, 0.2, -0.5])


@pytest.fixture(scope="module")
def lm():
    return make_lm(max_length=48)


@pytest.fixture(scope="module")
def three():
    """A model of three possible answers of one token."""
    config = ModelConfig(1, 16, 1, vocab_size=3, max_length=8)
    return LanguageModel(config, init_params(config, 3), Bytes(3), dtype=np.float32)


def pairs_of(lm, count=8):
    texts = [Preference(f"q{n}", f"yes{n % 3}", f"no{n % 2}") for n in range(count)]
    return encode_pairs(lm, texts)[0]


def options(**more):
    asked = {"steps": 6, "batch_size": 4, "learning_rate": 1e-3, "evaluate_every": 2}
    return TuneOptions(**(asked | {"patience": 100} | more))


def test_at_the_start_the_loss_is_ln_2_and_every_margin_0(lm):
    pairs = pairs_of(lm)
    found = align(lm, pairs, PreferenceConfig(), options(steps=1, learning_rate=1e-9), dev=pairs)
    first = found.tuned.history[0]
    assert first["dev_loss"] == pytest.approx(math.log(2), abs=1e-5)
    assert first["rewards/margins"] == pytest.approx(0, abs=1e-4)
    chosen = score_ids(lm, [p.context for p in pairs], [p.chosen for p in pairs])[0]
    assert first["logps/chosen"] == pytest.approx(float(chosen.mean()), rel=1e-4)


def test_the_loss_is_that_of_the_paper():
    policy = np.array([[-3.0, -5.0], [-4.0, -4.5]])
    reference = np.array([[-3.5, -4.0], [-4.0, -5.0]])
    margins = 0.3 * ((policy[0] - reference[0]) - (policy[1] - reference[1]))
    sigmoid = 1 / (1 + np.exp(-margins))
    for smooth in (0.0, 0.2):
        wanted = -(1 - smooth) * np.log(sigmoid) - smooth * np.log(1 - sigmoid)
        loss, figures = dpo_loss(policy, reference, 0.3, smooth)
        assert float(loss) == pytest.approx(wanted.mean(), rel=1e-5)
        assert float(figures["rewards/margins"]) == pytest.approx(margins.mean(), rel=1e-5)
        assert float(figures["rewards/accuracies"]) == pytest.approx((margins > 0).mean())


@pytest.mark.parametrize("lora", [None, LoraConfig(r=2)])
def test_training_raises_the_margin_and_leaves_the_reference(lm, lora):
    pairs, before = pairs_of(lm), jax.tree.map(np.asarray, lm.params)
    config = PreferenceConfig(beta=0.5, lora=lora)
    found = align(lm, pairs, config, options(steps=20, learning_rate=5e-3), dev=pairs)
    last = found.tuned.history[-1]
    assert last["dev_loss"] < math.log(2)
    assert last["rewards/margins"] > 0
    jax.tree.map(np.testing.assert_array_equal, before, jax.tree.map(np.asarray, lm.params))
    own = score_ids(found.model, [p.context for p in pairs], [p.chosen for p in pairs])[0]
    base = score_ids(lm, [p.context for p in pairs], [p.chosen for p in pairs])[0]
    assert not np.allclose(own, base)


def optimum(three, beta):
    """π_ref exp(r / beta), normalised."""
    logps = score_ids(three, [[0]] * 3, [[0], [1], [2]])[0]
    weights = np.exp(logps + REWARDS / beta)
    return weights / weights.sum()


def reached(model):
    return np.exp(score_ids(model, [[0]] * 3, [[0], [1], [2]])[0])


@pytest.mark.slow
def test_dpo_reaches_the_optimum_of_three_answers(three):
    beta, pairs = 0.5, []
    for i, j in itertools.permutations(range(3), 2):  # as often as Bradley and Terry say
        share = 1 / (1 + math.exp(REWARDS[j] - REWARDS[i]))
        pairs += [Pair((0,), (i,), (j,))] * round(200 * share)
    found = align(
        three,
        pairs,
        PreferenceConfig(beta=beta),
        options(steps=300, batch_size=len(pairs), learning_rate=1e-2, evaluate_every=100),
        dev=pairs,
    )
    np.testing.assert_allclose(reached(found.model), optimum(three, beta), atol=0.01)


@pytest.mark.slow
def test_rloo_reaches_the_optimum_of_three_answers(three):
    beta = 0.5
    config = PreferenceConfig("rloo", beta=beta, samples=256, max_new_tokens=1)
    pairs = [Pair((0,), (0,), (1,))]
    found = align(
        three,
        pairs,
        config,
        options(steps=250, batch_size=1, learning_rate=5e-3, evaluate_every=125),
        dev=pairs,
        reward=lambda texts: [REWARDS[one.ids[0]] for one in texts],
    )
    np.testing.assert_allclose(reached(found.model), optimum(three, beta), atol=0.02)


def test_a_text_is_compared_with_the_others_of_its_prompt():
    found = leave_one_out(np.array([[1.0, 2.0, 6.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(found, [[-3.0, -1.5, 4.5], [0, 0, 0]])


def test_kl_of_the_model_with_itself_is_0_and_texts_keep_their_logps(lm):
    prompts = [tuple(lm.tokenizer.encode("ab")), tuple(lm.tokenizer.encode("xyz"))]
    texts = sample_texts(lm, prompts, 3, 6, seed=1)
    assert [len(some) for some in texts] == [3, 3]
    flat = [one for some in texts for one in some]
    np.testing.assert_allclose(sequence_kl(lm, flat), 0, atol=1e-3)
    assert texts == sample_texts(lm, prompts, 3, 6, seed=1)


def test_kl_is_estimated_without_bias(three):
    other = three.with_params(init_params(three.config, 11))
    p, q = reached(other), reached(three)
    texts = sample_texts(other, [(0,)], 4_000, 1, seed=0)[0]
    counts = Counter(one.ids[0] for one in texts)
    np.testing.assert_allclose([counts[i] / 4_000 for i in range(3)], p, atol=0.03)
    found = sequence_kl(three, texts)
    exact = float((p * np.log(p / q)).sum())
    assert found.mean() == pytest.approx(exact, abs=4 * found.std() / math.sqrt(4_000) + 1e-6)


def test_the_best_of_several_is_as_far_as_it_can_be(three):
    texts = [sample_texts(three, [(0,)], 4, 1, seed=seed)[0] for seed in range(60)]
    best = best_of(texts, lambda some: [REWARDS[one.ids[0]] for one in some])
    assert all(one in some for one, some in zip(best, texts, strict=True))
    assert np.mean([REWARDS[one.ids[0]] for one in best]) > REWARDS @ reached(three)
    assert best_of_kl(1) == 0
    assert best_of_kl(4) == pytest.approx(math.log(4) - 0.75)


def test_a_reward_model_learns_which_answer_is_better(lm, tmp_path):
    pairs, asked = pairs_of(lm, 16), options(steps=40, learning_rate=5e-3)
    model = train_reward(lm, pairs, pairs, asked, out=tmp_path)
    chosen = model.of_ids([[*p.context, *p.chosen] for p in pairs])
    rejected = model.of_ids([[*p.context, *p.rejected] for p in pairs])
    assert (chosen > rejected).mean() > 0.9
    texts = [Sampled(p.context, p.chosen, "", 0.0) for p in pairs]
    np.testing.assert_allclose(model(texts), chosen, rtol=1e-5)
    assert isinstance(model, RewardModel)
    cut = [Sampled(p.context, p.chosen[:-1], "", 0.0) for p in pairs]
    np.testing.assert_allclose(model(cut), chosen, rtol=1e-5)
    for start, some, name in ((OTHER, pairs, "weights"), (lm, pairs[::-1], "pairs")):
        with pytest.raises(ClovaError, match=f"holds a run with {name}="):
            train_reward(start, some, some, asked, out=tmp_path)


@pytest.mark.parametrize("method", ["dpo", "rloo"])
def test_a_run_that_was_stopped_gives_the_same_weights(lm, tmp_path, method):
    pairs, config = pairs_of(lm), PreferenceConfig(method, max_new_tokens=3, samples=2)

    def run(out, stop=None):
        return align(
            lm,
            pairs,
            config,
            options(),
            dev=pairs,
            out=out,
            stop=stop,
            reward=lambda texts: [len(t.text) for t in texts],
            reward_id="length",
        )

    class After:
        requested = ""

        def __init__(self, steps):
            self.left = steps

        def __getattribute__(self, name):
            if name == "requested":
                self.left -= 1
                return "SIGTERM" if self.left < 0 else ""
            return object.__getattribute__(self, name)

    whole = run(tmp_path / "whole")
    with pytest.raises(Stopped):
        run(tmp_path / "cut", After(3))
    again = run(tmp_path / "cut")
    jax.tree.map(np.testing.assert_array_equal, whole.model.params, again.model.params)
    with pytest.raises(ClovaError):
        align(lm, pairs, PreferenceConfig(beta=0.9), options(), dev=pairs, out=tmp_path / "cut")
    for reference, some, name in ((OTHER, pairs, "weights"), (lm, pairs[::-1], "pairs")):
        with pytest.raises(ClovaError, match=f"cut: holds a run with {name}="):
            align(
                *(reference, some, config, options()),
                **{"dev": some, "out": tmp_path / "cut", "reward": len, "reward_id": "length"},
            )


def test_a_run_of_one_reward_is_not_resumed_with_another(lm, tmp_path):
    pairs, config = pairs_of(lm), PreferenceConfig("rloo", max_new_tokens=2, samples=2)
    head = np.zeros(lm.config.embed_dim, np.float32)
    one, other = (RewardModel(lm, {"decoder": lm.params, "head": head + n}) for n in (0, 1))

    def run(folder, reward, reward_id=None):
        given = {"dev": pairs, "out": tmp_path / folder, "reward": reward, "reward_id": reward_id}
        return align(lm, pairs, config, options(steps=1), **given)

    assert one.fingerprint != other.fingerprint
    run("weights", one)
    run("weights", one)
    with pytest.raises(ClovaError, match="weights: holds a run with reward="):
        run("weights", other)
    run("named", lambda texts: [0] * len(texts), reward_id="nothing")
    with pytest.raises(
        ClovaError, match="holds a run with reward=.nothing., this one has .length."
    ):
        run("named", lambda texts: [len(t.text) for t in texts], reward_id="length")
    with pytest.raises(ClovaError, match="named: reward_id=None; give reward_id"):
        run("named", lambda texts: [0] * len(texts))


def test_a_reward_that_is_no_number_names_the_text(lm):
    config = PreferenceConfig("rloo", max_new_tokens=2)
    with pytest.raises(ClovaError, match="validation, prompt 0, text 0: the reward of .* is nan"):
        align(
            lm,
            pairs_of(lm),
            config,
            options(),
            dev=pairs_of(lm),
            reward=lambda t: [math.nan] * len(t),
        )


def test_rloo_wants_a_reward_and_pairs_are_wanted(lm):
    with pytest.raises(ClovaError, match="wants a reward"):
        align(lm, pairs_of(lm), PreferenceConfig("rloo"), options(), dev=pairs_of(lm))
    with pytest.raises(ClovaError, match="no pairs"):
        align(lm, [], PreferenceConfig(), options(), dev=[])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"method": "ppo"}, "method='ppo': wants dpo or rloo"),
        ({"beta": 0}, "beta=0"),
        ({"label_smoothing": 0.5}, "label_smoothing=0.5"),
        ({"samples": 1}, "samples=1"),
    ],
)
def test_settings_out_of_range_are_named(changed, message):
    with pytest.raises(ClovaError, match=message):
        PreferenceConfig(**changed)
