"""Laws of the loss: constants of made-up grids are found again, and an independent least squares finds the same fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import huber, logsumexp

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate.scaling import DELTA, Chinchilla, Kaplan, Losses, fit

SIZES, BUDGETS = np.geomspace(2e5, 1e7, 6), np.geomspace(4e5, 6.4e6, 5)
ONE = (1.0, 1.0)  # the center at which levels are the constants themselves


def grid_of(law, noise: float = 0.0, seed: int = 0, sizes=SIZES, budgets=BUDGETS) -> Losses:
    """The losses of a law on a grid, with a relative error."""
    parameters, tokens = (x.ravel() for x in np.meshgrid(sizes, budgets))
    errors = np.random.default_rng(seed).normal(0, noise, len(parameters))
    return Losses(parameters, tokens, law.loss(parameters, tokens) * np.exp(errors))


def chinchilla(e: float, a: float, b: float, alpha: float, beta: float) -> Chinchilla:
    return Chinchilla(np.log([e, a, b, alpha, beta]), ONE)


def kaplan(n_c: float, d_c: float, alpha_n: float, alpha_d: float) -> Kaplan:
    levels = [alpha_n * np.log(n_c), alpha_d * np.log(d_c)]
    return Kaplan(np.array([*levels, np.log(alpha_n), np.log(alpha_d)]), ONE)


PUBLISHED = [chinchilla(1.69, 406.4, 410.7, 0.34, 0.28), kaplan(8.8e13, 5.4e13, 0.076, 0.095)]


def test_the_laws_are_the_published_ones():
    n, d = 1e9, 2e10
    expected = [
        1.69 + 406.4 / n**0.34 + 410.7 / d**0.28,
        ((8.8e13 / n) ** (0.076 / 0.095) + 5.4e13 / d) ** 0.095,
    ]
    assert [float(law.loss(n, d)) for law in PUBLISHED] == pytest.approx(expected, rel=1e-9)
    assert PUBLISHED[0].constants["A"] == pytest.approx(406.4)
    assert PUBLISHED[1].constants["N_c"] == pytest.approx(8.8e13)


@settings(max_examples=15)
@given(
    e=st.floats(0.5, 3),
    by_size=st.floats(0.5, 3),
    by_tokens=st.floats(0.5, 3),
    alpha=st.floats(0.15, 0.8),
    beta=st.floats(0.15, 0.8),
)
def test_chinchillas_constants_are_recovered(e, by_size, by_tokens, alpha, beta):
    law = chinchilla(e, by_size * 1e6**alpha, by_tokens * 1e6**beta, alpha, beta)
    found = fit(Chinchilla, grid_of(law), replicates=1).law
    assert found.constants == pytest.approx(law.constants, rel=0.02)


@settings(max_examples=15)
@given(
    by_size=st.floats(2, 4),
    by_tokens=st.floats(3, 5),
    alpha_n=st.floats(0.05, 0.3),
    alpha_d=st.floats(0.05, 0.3),
)
def test_kaplans_constants_are_recovered(by_size, by_tokens, alpha_n, alpha_d):
    law = kaplan(1e6 * by_size ** (1 / alpha_n), 1e6 * by_tokens ** (1 / alpha_d), alpha_n, alpha_d)
    found = fit(Kaplan, grid_of(law), replicates=1).law
    logs = [{name: np.log(value) for name, value in x.constants.items()} for x in (found, law)]
    assert logs[0] == pytest.approx(logs[1], rel=0.02)


@pytest.mark.parametrize("law", PUBLISHED, ids=["chinchilla", "kaplan"])
def test_with_noise_the_intervals_hold_the_truth_and_the_largest_size_is_predicted(law):
    losses = grid_of(law, noise=0.003, seed=1)
    fitted = fit(type(law), losses, replicates=60)
    exponent = fitted.interval(lambda found: found.size_exponent)
    assert exponent.low <= law.size_exponent <= exponent.high
    rest, largest = losses.without_largest()
    assert len(largest.loss) == len(BUDGETS)
    assert set(largest.parameters) == {SIZES[-1]}
    predicted = fit(type(law), rest, replicates=1).law.loss(largest.parameters, largest.tokens)
    np.testing.assert_allclose(predicted, largest.loss, rtol=0.015)


def test_an_independent_fit_finds_the_same():
    """The objective of Hoffmann et al., as they state it, minimised by L-BFGS from where the truth is."""
    losses = grid_of(PUBLISHED[0], noise=0.005, seed=2)
    n, d, target = np.log(losses.parameters), np.log(losses.tokens), np.log(losses.loss)

    def objective(x):
        e, a, b, alpha, beta = x
        terms = np.broadcast_arrays(e, a - alpha * n, b - beta * d)
        return huber(DELTA, logsumexp(np.stack(terms), axis=0) - target).sum() / DELTA

    start = [*np.log([1.69, 406.4, 410.7]), 0.34, 0.28]
    theirs = minimize(objective, start, method="Nelder-Mead", options={"maxfev": 20_000})
    theirs = minimize(objective, theirs.x, method="L-BFGS-B")
    found = fit(Chinchilla, losses, replicates=1).law
    c = found.constants
    ours = [*np.log([c["E"], c["A"], c["B"]]), c["α"], c["β"]]
    assert objective(ours) <= theirs.fun * 1.001
    predicted = Chinchilla(np.array([*theirs.x[:3], *np.log(theirs.x[3:])]), ONE)
    np.testing.assert_allclose(found.loss(1e7, BUDGETS), predicted.loss(1e7, BUDGETS), rtol=3e-3)


@pytest.mark.parametrize("law", PUBLISHED, ids=["chinchilla", "kaplan"])
def test_the_slopes_are_those_of_the_loss(law):
    n, d = np.array([-1.0, 0.2, 1.5]), np.array([0.5, -0.3, 1.0])
    theta = np.linspace(0.5, -1.0, len(law.theta))
    steps = 1e-6 * np.eye(len(theta))
    ends = [[law.log_loss(theta + way * step, n, d) for step in steps] for way in (1, -1)]
    numeric = (np.array(ends[0]) - np.array(ends[1])).T / 2e-6
    np.testing.assert_allclose(law.slopes(theta, n, d), numeric, atol=1e-6)


@pytest.mark.parametrize("law", PUBLISHED, ids=["chinchilla", "kaplan"])
def test_the_optimum_is_where_the_loss_is_least(law):
    flops = 1e18
    parameters, tokens = law.optimum(flops)
    assert 6 * parameters * tokens == pytest.approx(flops)
    others = parameters * np.geomspace(0.01, 100, 2_001)
    losses = law.loss(others, flops / 6 / others)
    assert np.argmin(losses) == 1_000
    larger, _ = law.optimum(10 * flops)
    assert np.log10(larger / parameters) == pytest.approx(law.size_exponent)


def test_losses_without_a_law_still_give_finite_numbers():
    random = np.random.default_rng(0)
    parameters, tokens = (x.ravel() for x in np.meshgrid(SIZES[:3], BUDGETS[:3]))
    losses = Losses(parameters, tokens, 6 + random.random(9))
    for kind in (Kaplan, Chinchilla):
        fitted = fit(kind, losses, replicates=5)
        assert all(np.isfinite(value) for value in fitted.law.constants.values())
        found = fitted.interval(lambda law: law.loss(8e10, 1.5e11))
        assert 0 <= found.low <= found.value <= found.high < np.inf


def test_the_same_seed_gives_the_same_intervals():
    losses = grid_of(PUBLISHED[0], noise=0.01, sizes=SIZES[:4], budgets=BUDGETS[:3])
    intervals = [
        fit(Chinchilla, losses, seed, replicates=10).interval(lambda law: law.loss(1e8, 1e9))
        for seed in (0, 0, 1)
    ]
    assert intervals[0] == intervals[1] != intervals[2]


@pytest.mark.parametrize(("sizes", "budgets"), [(1, 5), (2, 5), (6, 2)])
def test_too_few_sizes_or_budgets_are_refused(sizes, budgets):
    losses = grid_of(PUBLISHED[0], sizes=SIZES[:sizes], budgets=BUDGETS[:budgets])
    with pytest.raises(ClovaError, match=f"grid of {sizes} sizes and {budgets} token budgets"):
        fit(Chinchilla, losses)


def test_a_loss_that_is_not_finite_is_refused():
    with pytest.raises(ClovaError, match="loss of a grid: nan"):
        Losses(np.ones(1), np.ones(1), np.array([np.nan]))
