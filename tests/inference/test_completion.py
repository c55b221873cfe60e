"""`generate` against a plain loop, in any batch, with stops, echo, log-probabilities and refilling."""

import jax
import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.inference import slots
from clova_jax.inference.completion import complete, generate
from clova_jax.model import bind

PROMPTS = ["가", "옛날 옛적에", "", "the quick brown fox", "a", "서울은 대한민국의 수도"]


@pytest.fixture(scope="module")
def scores(model):
    """Scores after a sequence, without a cache; one padded shape."""

    @jax.jit
    def run(ids, length):
        hidden, _ = bind(model.config, model.params)(ids)
        return bind(model.config, model.params).logits(hidden[0, length - 1])

    def of(ids):
        padded = np.zeros((1, model.config.max_length), np.int32)
        padded[0, : len(ids)] = ids
        return np.asarray(run(padded, len(ids)))

    return of


def plain_greedy(scores, ids, count):
    ids, start = list(ids), len(ids)
    while len(ids) - start < count:
        best = int(scores(ids).argmax())
        if best == 256:
            break
        ids.append(best)
    return ids[start:]


@pytest.mark.slow
def test_greedy_is_the_plain_loop_alone_or_together(model, scores):
    ids = [model.tokenizer.encode(p) or [256] for p in PROMPTS]
    wanted = [plain_greedy(scores, row, 40) for row in ids]
    together = complete(model, PROMPTS, max_new_tokens=40, temperature=0)
    assert [c.ids for c in together] == wanted
    for prompt, row in zip(PROMPTS[:2], wanted, strict=False):
        assert complete(model, [prompt], max_new_tokens=40, temperature=0)[0].ids == row


@pytest.mark.slow
def test_more_prompts_than_slots_refill(model, monkeypatch):
    many = [f"{n}번째" for n in range(9)]
    wanted = generate(model, many, max_new_tokens=20, seed=3)
    monkeypatch.setattr(slots, "MOST_ROWS", 2)
    assert generate(model, many, max_new_tokens=20, seed=3) == wanted


@pytest.mark.slow
def test_a_seed_decides_a_text_whatever_else_is_in_the_batch(model):
    options = {"max_new_tokens": 30, "temperature": 1.3, "top_p": 0.95, "top_k": 40}
    together = generate(model, PROMPTS, seed=range(6), **options)
    for number in (1, 4):
        assert generate(model, [PROMPTS[number]], seed=number, **options) == [together[number]]
    assert generate(model, PROMPTS[::-1], seed=range(6)[::-1], **options) == together[::-1]
    assert generate(model, PROMPTS, seed=range(6, 12), **options) != together


def test_samples_of_one_prompt_differ_and_the_first_is_the_only_one(model):
    texts = generate(model, ["가"], num_samples=4, seed=1, max_new_tokens=20)
    assert len(set(texts)) == 4
    assert generate(model, ["가"], seed=1, max_new_tokens=20) == texts[:1]


def test_a_prompt_is_prefilled_once_for_all_its_samples(model, monkeypatch):
    seen, prefill = [], slots._prefill

    def counting(params, prefix, in_prefix, ids, *rest, **options):
        seen.append(len(ids))
        return prefill(params, prefix, in_prefix, ids, *rest, **options)

    wanted = complete(model, ["가", "나다"], max_new_tokens=6, temperature=0)
    monkeypatch.setattr(slots, "_prefill", counting)
    found = complete(model, ["가", "나다"], num_samples=3, max_new_tokens=6, temperature=0)
    assert seen == [2]
    assert [one.ids for one in found] == [one.ids for one in wanted for _ in range(3)]


def test_a_text_of_any_length_has_the_room_that_it_reads(model):
    ids = model.tokenizer.encode("가나다")
    (longest,) = complete(model, [ids], max_new_tokens=100, temperature=0)
    for count in (
        1,
        24,
        25,
        31,
        32,
        33,
        64,
        65,
        96,
    ):  # below, at and beyond calls and sizes of the cache
        (found,) = complete(model, [ids], max_new_tokens=count, temperature=0)
        assert found.ids == longest.ids[:count]


@pytest.mark.slow
def test_a_shared_prefix_is_the_beginning_of_every_prompt(model):
    prefix = "공유된 앞부분: "
    prompts = ["가", "나다라", ""]
    wanted = generate(model, [prefix + p for p in prompts], max_new_tokens=30, temperature=0)
    ids = model.tokenizer.encode(prefix)
    assert generate(model, prompts, max_new_tokens=30, temperature=0, prefix_ids=ids) == wanted
    penalty = {"repetition_penalty": 1.5, "temperature": 0, "max_new_tokens": 30}
    assert generate(model, prompts, prefix_ids=ids, **penalty) == generate(
        model, [prefix + p for p in prompts], **penalty
    )


def test_stop_strings_end_the_text_before_them(model):
    full = generate(model, ["가"], max_new_tokens=40, temperature=0)[0]
    stop = full[9:12]
    at = full.index(stop)
    found = complete(model, ["가"], max_new_tokens=40, temperature=0, stop=[stop], logprobs=0)[0]
    assert found.text == full[:at]
    assert found.finish == "stop"
    assert model.tokenizer.decode(found.ids).startswith(found.text)
    assert len(found.logprobs) == len(found.ids)


def test_logprobs_are_the_model_s_own(model, scores):
    found = complete(
        model, ["가나"], max_new_tokens=5, seed=0, temperature=2.0, top_k=9, logprobs=3
    )[0]
    ids = model.tokenizer.encode("가나")
    for token, logprob, top in zip(found.ids, found.logprobs, found.top, strict=True):
        wanted = np.asarray(jax.nn.log_softmax(scores(ids)))
        np.testing.assert_allclose(logprob, wanted[token], atol=2e-4)
        best = np.argsort(-wanted)[:3].tolist()
        assert list(top) == best
        np.testing.assert_allclose(list(top.values()), wanted[best], atol=2e-4)
        ids.append(token)


def test_echo_gives_the_prompt_and_its_logprobs(model):
    plain = complete(model, ["가나"], max_new_tokens=4, temperature=0, logprobs=2)[0]
    echoed = complete(model, ["가나"], max_new_tokens=4, temperature=0, logprobs=2, echo=True)[0]
    assert echoed.text == "가나" + plain.text
    assert echoed.logprobs[0] is None
    assert echoed.logprobs[6:] == plain.logprobs
    assert len(echoed.logprobs) == len(echoed.ids) == len(echoed.top)
    only = complete(model, ["가나"], max_new_tokens=0, logprobs=1, echo=True)[0]
    assert only.text == "가나"
    np.testing.assert_allclose(only.logprobs[1:], echoed.logprobs[1:6])


@pytest.mark.slow
def test_text_ends_at_end_of_text_and_at_the_end_of_the_context(model, scores):
    found = complete(model, ["가"] * 40, max_new_tokens=200, seed=range(40))
    for one in found:
        assert 256 not in one.ids
        assert one.finish == ("length" if len(one.ids) == 157 else "end")
    assert {one.finish for one in found} == {"end", "length"}
    assert complete(model, ["가" * 50], max_new_tokens=5, seed=1)[0].finish == "length"


def test_mistakes_are_named(model):
    with pytest.raises(ClovaError, match="prompt 1: 160 tokens leave no room in a context of 160"):
        generate(model, ["a", "a" * 160])
    with pytest.raises(ClovaError, match="no option.*'beams'"):
        generate(model, ["a"], beams=4)
    with pytest.raises(ClovaError, match="list of prompts"):
        generate(model, "a")
    with pytest.raises(ClovaError, match="2 seeds for 1"):
        generate(model, ["a"], seed=[1, 2])
    with pytest.raises(ClovaError, match="outside"):
        generate(model, [[999]])


@pytest.mark.slow
def test_new_lengths_compile_nothing_new(model):
    generate(model, ["a" * 16, "b" * 30], max_new_tokens=20, seed=0)
    count = slots._advance._cache_size()
    for length in (3, 9, 21, 30):
        generate(model, ["a" * length, "b"], max_new_tokens=length, seed=0)
    assert slots._advance._cache_size() == count


def test_equal_prompts_in_a_batch_get_texts_of_their_own(model):
    options = {"max_new_tokens": 12, "seed": 1}
    texts = generate(model, ["가"] * 3, **options)
    assert len(set(texts)) == 3
    assert generate(model, ["가"] * 3, **options) == texts
    assert generate(model, ["가"], **options) == texts[:1]
    assert generate(model, ["가"] * 4, **options)[:3] == texts
    assert len(set(generate(model, ["가"] * 2, num_samples=2, **options))) == 4
    assert len(set(generate(model, ["가"] * 3, max_new_tokens=12, seed=[1, 1, 1]))) == 1


def test_however_small_a_temperature_the_likeliest_wins(model):
    cold = [1e-6, 1e-30, 1e-37, 1.1e-38, 1e-40, 1e-45, 1e-300, 5e-324, np.float32(1e-37)]
    greedy = generate(model, ["가", "the"], max_new_tokens=12, temperature=0)
    for temperature in cold:
        options = {"max_new_tokens": 12, "temperature": temperature, "seed": 1}
        assert generate(model, ["가", "the"], top_p=0.9, min_p=0.01, **options) == greedy
        assert generate(model, ["가", "the"], **options) == greedy


@pytest.mark.parametrize("penalty", ["frequency_penalty", "presence_penalty"])
@pytest.mark.parametrize("value", [1e9, -1e9])
def test_the_largest_penalties_leave_a_text(model, penalty, value):
    for temperature in (0, 1e-37, 1.0):
        done = complete(
            model,
            ["가"],
            max_new_tokens=12,
            seed=0,
            temperature=temperature,
            repetition_penalty=1e9 if value > 0 else 1e-9,
            logprobs=0,
            **{penalty: value},
        )[0]
        assert len(done.ids) == 12 or done.finish == "end"


def test_prompts_from_any_iterable(model):
    options = {"max_new_tokens": 4, "temperature": 0}
    wanted = generate(model, ["ab", "c"], **options)
    assert generate(model, iter(["ab", "c"]), **options) == wanted
    assert generate(model, (list(t.encode()) for t in ("ab", "c")), **options) == wanted
    assert generate(model, np.array([[97, 98]]), prefix_ids=iter([]), **options) == wanted[:1]
    assert generate(model, np.array(["ab", "c"]), seed=np.array([1, 2]), **options) == wanted
    assert generate(model, [], **options) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prompts": None}, "prompts=None"),
        ({"prompts": 5}, "prompts=5"),
        ({"prompts": b"a"}, "prompts=b'a'"),
        ({"prompts": [None]}, "prompt 0=None"),
        ({"prompts": ["a", [[1]]]}, "prompt 1 holds"),
        ({"prompts": [[1.5]]}, "prompt 0 holds 1.5"),
        ({"prompts": [[2**40]]}, "prompt 0 has an id outside"),
        ({"prefix_ids": [257]}, "prefix_ids has an id outside 0..256"),
        ({"prefix_ids": [-1]}, "prefix_ids has an id outside"),
        ({"prefix_ids": None}, "prefix_ids=None"),
        ({"prefix_ids": "ab"}, "prefix_ids='ab'"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"seed": "1"}, "seed='1'"),
        ({"seed": [None]}, "seed=None"),
        ({"seed": 10**30}, "seed=1000"),
        ({"num_samples": 0}, "num_samples=0"),
        ({"num_samples": 1.0}, "num_samples=1.0"),
        ({"frequency_penalty": 1e39}, "frequency_penalty=1e"),
    ],
)
def test_arguments_of_a_wrong_kind_are_named(model, arguments, message):
    with pytest.raises(ClovaError, match=message):
        generate(model, **({"prompts": ["a"]} | arguments))


def test_a_model_of_nan_writes_nothing(model):
    positions = model.params["positions"].at[0, 0].set(np.nan)
    broken = model.with_params(model.params | {"positions": positions})
    for options in ({"temperature": 0}, {"temperature": 1.0, "top_p": 0.5}):
        with pytest.raises(ClovaError, match="not numbers"):
            generate(broken, ["a"], max_new_tokens=3, **options)
