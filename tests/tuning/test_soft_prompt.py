"""Virtual tokens behave as the words whose embeddings they have; prompts on disk; templates."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from clova_jax import LanguageModel
from clova_jax.common.errors import ClovaError
from clova_jax.common.hashes import write_hashes
from clova_jax.inference import SoftPrompt, Template, complete, score_tokens


def prompt_of_words(lm, before: str, after: str) -> SoftPrompt:
    """Vectors that are the embeddings of words: what it does is known."""
    ids = lm.tokenizer.encode(before + after)
    template = Template((len(before),), (len(after),) if after else ())
    return SoftPrompt(np.asarray(lm.params["embedding"])[ids], template, lm.fingerprint)


def test_it_scores_and_writes_as_its_words_would(lm):
    prompt = prompt_of_words(lm, "abc", "::")
    contexts = ["x", "longer text", ""]
    plain = lm.score([f"abc{text}::" for text in contexts], [" yes", " no", "?"])
    np.testing.assert_allclose(
        lm.score(contexts, [" yes", " no", "?"], prompt=prompt), plain, rtol=1e-5
    )
    options = {"max_new_tokens": 8, "temperature": 0.9, "seed": 4}
    words = lm.generate([f"abc{text}::" for text in contexts], **options)
    assert lm.generate(contexts, prompt=prompt, **options) == words


def test_virtual_tokens_behind_a_text_are_echoed_without_logprobs(lm):
    prompt = prompt_of_words(lm, "a", "bc")
    options = {"echo": True, "max_new_tokens": 0}
    assert lm.generate(["x"], prompt=prompt, logprobs=0, **options) == ["x"]
    view, before, after = prompt.attach(lm)
    row, words = [*b"xy", *after], list(b"xybc")
    found, wanted = (
        complete(model, [ids], prefix_ids=first, logprobs=1, **options)[0]
        for model, ids, first in ((view, row, before), (lm, words, list(b"a")))
    )
    assert found.logprobs == [None, pytest.approx(wanted.logprobs[1], abs=1e-4), None, None]
    assert [len(top) for top in found.top] == [0, 1, 0, 0]
    with pytest.raises(ClovaError, match="row 0 wants the score of virtual token 259"):
        score_tokens(view, [row])
    assert len(score_tokens(view, [[*after, *b"x"]], starts=[2])[0].logprobs) == 1


def test_blanks_at_the_end_of_a_context_belong_to_the_continuation(lm):
    prompt = prompt_of_words(lm, "abc", "")
    found = lm.score(["x ", "x"], ["yes", " yes"], prompt=prompt)
    assert found[0] == pytest.approx(found[1])
    assert found[0] == pytest.approx(lm.score(["abcx"], [" yes"])[0], rel=1e-5)


def test_the_models_parameters_are_neither_copied_nor_changed(lm):
    view, *_ = prompt_of_words(lm, "abc", "").attach(lm)
    assert view.params["embedding"] is lm.params["embedding"]
    assert view.params["blocks"] is lm.params["blocks"]
    assert "virtual" not in lm.params


def test_saved_and_read_back_it_is_the_same(lm, tmp_path):
    prompt = prompt_of_words(lm, "ab", "c")
    prompt.save(tmp_path)
    again = SoftPrompt.load(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "hashes.json",
        "prompt.json",
        "prompt.safetensors",
    ]
    np.testing.assert_array_equal(again.vectors, prompt.vectors)
    assert (again.template, again.model) == (prompt.template, prompt.model)


def test_a_prompt_of_another_model_is_refused(lm, other_lm):
    with pytest.raises(ClovaError, match=r"tuned on model .*tune one for this model"):
        other_lm.generate(["x"], prompt=prompt_of_words(lm, "a", ""))


def test_a_prompt_of_a_model_that_differs_in_one_number_is_refused(lm):
    table = np.array(lm.params["embedding"])
    table[len(table) // 2, 3] += 1e-4
    near = LanguageModel(lm.config, lm.params | {"embedding": table}, lm.tokenizer)
    with pytest.raises(ClovaError, match="tune one for this model"):
        near.generate(["x"], prompt=prompt_of_words(lm, "a", ""))


def test_a_damaged_folder_is_refused(lm, tmp_path):
    with pytest.raises(ClovaError, match="not a prompt folder"):
        SoftPrompt.load(tmp_path)
    prompt_of_words(lm, "ab", "").save(tmp_path)
    (tmp_path / "prompt.safetensors").write_bytes(b"short")
    with pytest.raises(ClovaError, match="damaged"):
        SoftPrompt.load(tmp_path)


@pytest.mark.parametrize("count", [12, pytest.param(150, marks=pytest.mark.slow)])
def test_every_flipped_bit_of_a_prompt_is_refused(lm, tmp_path, count):
    prompt_of_words(lm, "ab", "c").save(tmp_path)
    rng = np.random.default_rng(count)
    for path in sorted(tmp_path.iterdir()):
        good = path.read_bytes()
        for at in rng.choice(len(good), min(count, len(good)), replace=False):
            for bit in range(8):
                path.write_bytes(good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :])
                with pytest.raises(ClovaError) as caught:
                    SoftPrompt.load(tmp_path)
                assert "\n" not in str(caught.value)
        path.write_bytes(good)
    SoftPrompt.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "clova_jax prompt 1"}, "tune it again"),
        ({"format": None}, "'format' is null"),
        ({"before": None}, "'before' is null"),
        ({"before": [2, None]}, "'before', entry 1, is null"),
        ({"after": "text"}, "'after' is \"text\", wants a list"),
        ({"model": 5}, "'model' is 5, wants a string"),
        ({"about": None}, "'about' is null"),
    ],
)
def test_a_prompt_with_odd_values_is_refused(lm, tmp_path, change, message):
    prompt_of_words(lm, "ab", "c").save(tmp_path)
    path = tmp_path / "prompt.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    write_hashes(tmp_path)
    with pytest.raises(ClovaError, match=message):
        SoftPrompt.load(tmp_path)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.full((3, 2), np.nan, np.float32), "not finite"),
        (np.array([[1, np.inf]], np.float32), "not finite"),
        (np.ones(3, np.float32), r"float32\[3\] vectors"),
        (np.ones((3, 2), np.int32), r"int32\[3, 2\] vectors"),
    ],
)
def test_vectors_that_are_none_are_refused(tmp_path, vectors, message):
    SoftPrompt(np.ones((3, 2)), Template((2,), (1,)), "x").save(tmp_path)
    (tmp_path / "prompt.safetensors").write_bytes(save({"virtual": vectors}))
    write_hashes(tmp_path)
    with pytest.raises(ClovaError, match=message):
        SoftPrompt.load(tmp_path)


@pytest.mark.parametrize(
    ("pattern", "before", "after"),
    [
        ("[P]*3 {text} [P]*2", (3,), (2,)),
        ("[P]{text}", (1,), ()),
        ("리뷰: {text}\n[P]*4 답:", ("리뷰: ",), (4, "답:")),
        ("{text}", (), ()),
    ],
)
def test_templates(pattern, before, after):
    assert Template.parse(pattern) == Template(before, after)


PIECES = st.sampled_from(
    ["[P]", "[P]*3", "[P]*0", "[P]*", "*2", " ", "\n", "영화평:", "7", "[", "P]"]
)
SIDE = st.lists(PIECES, max_size=6).map("".join)


@given(SIDE, SIDE)
def test_a_template_is_read_again_from_what_it_prints(before, after):
    template = Template.parse(before + "{text}" + after)
    assert Template.parse(str(template)) == template


@pytest.mark.parametrize(
    "pattern",
    [
        "[P]*10 영화평: {text}\n감정:",
        "글: {text} [P]*2 답: [P]*3",
        "[P]*3 {text} [P]*2",
        " {text} ",
    ],
)
def test_a_template_prints_as_it_was_written(pattern):
    assert str(Template.parse(pattern)) == pattern


@pytest.mark.parametrize("pattern", ["[P]*3", "{text} {text}"])
def test_a_template_without_its_text_is_refused(pattern):
    with pytest.raises(ClovaError, match="wants {text} once"):
        Template.parse(pattern)


def test_template_ids_number_the_virtual_tokens_in_order(lm):
    before, after = Template((2, "ab", 1), (1,)).ids(lm.tokenizer, 257)
    assert before == [257, 258, 97, 98, 259]
    assert after == [260]
