"""The filters against sorting, the draw against the exact distribution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chisquare

from clova_jax.common.errors import ClovaError
from clova_jax.inference.sampling import Rows, Sampling, draw, filtered, penalise, seed_key


def sorted_filter(scores, top_k=0, top_p=1.0, min_p=0.0):
    """The three filters one after another, with a sort."""
    order = np.argsort(-scores, kind="stable")
    kept = order[: top_k or len(order)]
    share = np.exp(scores[kept] - scores.max())
    share /= share.sum()
    count = int(np.searchsorted(np.cumsum(share), top_p)) + 1 if top_p < 1 else len(kept)
    kept = kept[:count]
    probability = np.exp(scores - scores.max())
    return {i for i in kept.tolist() if probability[i] >= min_p}


OPTIONS = [
    {},
    {"top_k": 1},
    {"top_k": 7},
    {"top_p": 0.6},
    {"top_p": 0.999},
    {"min_p": 0.1},
    {"top_k": 20, "top_p": 0.5},
    {"top_k": 30, "top_p": 0.9, "min_p": 0.2},
    {"top_k": 1_000_000},
]


def test_filters_keep_what_sorting_keeps():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 3, (len(OPTIONS), 200)).astype(np.float32)
    rows = Rows.of([Sampling(**o) for o in OPTIONS], [seed_key(0)] * len(OPTIONS), len(OPTIONS))
    kept = np.asarray(jax.jit(filtered)(scores, rows))
    for options, row, mask in zip(OPTIONS, scores, kept, strict=True):
        assert set(np.flatnonzero(mask).tolist()) == sorted_filter(row, **options), options


@pytest.mark.parametrize(
    "options", [{}, {"temperature": 0.7}, {"top_k": 5, "temperature": 1.5}, {"top_p": 0.8}]
)
def test_draws_follow_the_exact_distribution(options):
    scores = np.random.default_rng(1).normal(0, 1.5, 12).astype(np.float32)
    count = 20_000
    rows = Rows.of([Sampling(**options)] * count, [seed_key(i) for i in range(count)], count)
    drawn = jax.jit(draw)(
        jnp.broadcast_to(scores, (count, 12)),
        rows,
        jnp.zeros(count, jnp.int32),
        jnp.ones(count, bool),
    )
    scaled = scores.astype(np.float64) / options.get("temperature", 1.0)
    kept = sorted_filter(scaled, options.get("top_k", 0), options.get("top_p", 1.0))
    wanted = np.where([i in kept for i in range(12)], np.exp(scaled), 0)
    wanted *= count / wanted.sum()
    seen = np.bincount(np.asarray(drawn), minlength=12)
    assert seen[wanted == 0].sum() == 0
    assert chisquare(seen[wanted > 0], wanted[wanted > 0]).pvalue > 1e-3


def test_the_steps_of_one_request_are_independent():
    count = 20_000
    rows = Rows.of([Sampling()] * count, [seed_key(7)] * count, count)
    drawn = np.asarray(
        jax.jit(draw)(
            jnp.zeros((count, 4)), rows, jnp.arange(count, dtype=jnp.int32), jnp.ones(count, bool)
        )
    )
    pairs = np.bincount(drawn[:-1] * 4 + drawn[1:], minlength=16)
    assert chisquare(pairs).pvalue > 1e-3


def test_penalties():
    scores = np.array([[2.0, -2.0, 1.0, 3.0]] * 4, np.float32)
    options = [
        {},
        {"repetition_penalty": 2.0},
        {"frequency_penalty": 0.5},
        {"presence_penalty": 0.25},
    ]
    rows = Rows.of([Sampling(**o) for o in options], [seed_key(0)] * 4, 4)
    in_prompt = np.array([[True, True, False, False]] * 4)
    counts = np.array([[0, 0, 3, 0]] * 4, np.int32)
    found = jax.jit(penalise)(scores, rows, in_prompt, counts)
    wanted = [[2, -2, 1, 3], [1, -4, 0.5, 3], [2, -2, -0.5, 3], [2, -2, 0.75, 3]]
    np.testing.assert_allclose(found, wanted)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("temperature", -1),
        ("temperature", float("nan")),
        ("top_p", 0),
        ("top_p", 1.1),
        ("top_k", -1),
        ("top_k", 1.5),
        ("min_p", 2),
        ("repetition_penalty", 0),
        ("max_new_tokens", "many"),
        ("stop", [""]),
        ("logprobs", 1000),
    ],
)
def test_options_out_of_range_are_named(option, value):
    with pytest.raises(ClovaError, match=option):
        Sampling(**{option: value})


def test_a_seed_draws_the_same_whatever_the_version_or_the_default_generator():
    rows = Rows.of([Sampling()] * 4, [seed_key(seed) for seed in range(4)], 4)
    scores = np.zeros((4, 1_000), np.float32)

    def tokens():
        return np.asarray(draw(scores, rows, np.arange(4), np.ones(4, bool))).tolist()

    assert tokens() == [995, 63, 270, 603]
    before = jax.config.jax_default_prng_impl
    try:
        jax.config.update("jax_default_prng_impl", "rbg")
        assert tokens() == [995, 63, 270, 603]
    finally:
        jax.config.update("jax_default_prng_impl", before)
