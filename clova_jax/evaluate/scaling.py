"""Fits how the held-out loss falls with size and training tokens: the laws of Kaplan et al. 2020 and of Chinchilla.

N counts parameters without the token and position tables (Kaplan et al. 2020), D training tokens, L nats a token of
held-out text, and 6ND the operations of a training. Constants belong to one text and one tokenizer.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float64
from scipy.optimize import least_squares, nnls

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate.intervals import Interval

OPERATIONS = 6  # for each parameter and token, forward and backward
DELTA = 1e-3  # of the Huber loss: errors beyond 0.1% count linearly (Hoffmann et al. 2022)
REPLICATES = 300
LEAST = 3  # sizes and budgets that either law needs to be determined
_EXPONENTS = (0.07, 0.25, 0.9)  # from which both exponents of a law start
_LEVELS, _STEEPNESS = (-7.0, 7.0), (np.log(0.01), np.log(4.0))  # bounds of what is fitted, logs


@dataclass(frozen=True)
class Losses:
    """Holds the points of a grid: a training each.

    Args:
        parameters: N, without the tables.
        tokens: D, of the training.
        loss: L of the finished model, nats a token.

    Raises:
        ClovaError: a number that is not finite and above 0.
    """

    parameters: Float64[np.ndarray, "n"]
    tokens: Float64[np.ndarray, "n"]
    loss: Float64[np.ndarray, "n"]

    def __post_init__(self) -> None:
        for name in ("parameters", "tokens", "loss"):
            for value in getattr(self, name):
                if not np.isfinite(value) or value <= 0:
                    raise ClovaError(f"{name} of a grid: {value} is not a finite number above 0")

    def only(self, which: Bool[np.ndarray, "n"] | np.ndarray) -> "Losses":
        """Returns some of the points, by mask or by index."""
        return Losses(self.parameters[which], self.tokens[which], self.loss[which])

    def without_largest(self) -> tuple["Losses", "Losses"]:
        """Returns the points of all sizes but the largest, and those of the largest."""
        largest = self.parameters == self.parameters.max()
        return self.only(~largest), self.only(largest)

    @property
    def determined(self) -> bool:
        """Returns True if there are sizes and budgets enough to determine a law."""
        return min(len(np.unique(self.parameters)), len(np.unique(self.tokens))) >= LEAST


@dataclass(frozen=True)
class Law(ABC):
    """Describes L(N, D) by logs of levels, which are losses at the center of a grid, and of exponents.

    Args:
        theta: those logs, levels first.
        center: N and D in the middle of the grid. Levels there hardly depend on the exponents, which N_c and A do.
    """

    theta: Float64[np.ndarray, "c"]
    center: tuple[float, float]
    name: ClassVar[str]
    levels: ClassVar[int]

    @property
    @abstractmethod
    def constants(self) -> dict[str, float]:
        """Returns the constants by their names in the papers."""

    @property
    @abstractmethod
    def size_exponent(self) -> float:
        """Returns the power of the compute by which the best size grows."""

    @abstractmethod
    def optimum(self, flops: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Returns N and D of least loss among those of 6ND = `flops`."""

    @staticmethod
    @abstractmethod
    def log_loss(theta: np.ndarray, n: np.ndarray, d: np.ndarray) -> np.ndarray:
        """Returns log L; `n` and `d` are logs of N and D over those of the center."""

    @staticmethod
    @abstractmethod
    def slopes(theta: np.ndarray, n: np.ndarray, d: np.ndarray) -> np.ndarray:
        """Returns the derivatives of log L by `theta`, float64[n, c]."""

    @staticmethod
    @abstractmethod
    def start(
        exponents: tuple[float, float], n: np.ndarray, d: np.ndarray, loss: np.ndarray
    ) -> np.ndarray:
        """Returns the `theta` of given exponents whose levels have the least squared error."""

    def loss(self, parameters: np.ndarray | float, tokens: np.ndarray | float) -> np.ndarray:
        """Returns L(N, D), nats a token."""
        n, d = _around(self.center, parameters, tokens)
        return np.exp(self.log_loss(self.theta, n, d))


class Chinchilla(Law):
    """Describes L = E + A/N^α + B/D^β (Hoffmann et al. 2022)."""

    name, levels = "Chinchilla", 3

    @property
    def constants(self) -> dict[str, float]:
        """Returns E, A, α, B and β."""
        e, a, b, alpha, beta = self._true
        return {"E": _exp(e), "A": _exp(a), "α": alpha, "B": _exp(b), "β": beta}

    @property
    def _true(self) -> tuple[float, ...]:
        """Returns logs of E, A and B, and the exponents."""
        e, a, b = self.theta[:3]
        alpha, beta = np.exp(self.theta[3:])
        n, d = np.log(self.center)
        return e, a + alpha * n, b + beta * d, alpha, beta

    @property
    def size_exponent(self) -> float:
        """Returns β / (α + β)."""
        alpha, beta = np.exp(self.theta[3:])
        return float(beta / (alpha + beta))

    def optimum(self, flops: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Returns N and D of least loss among those of 6ND = `flops`."""
        _, a, b, alpha, beta = self._true
        budget = np.log(flops) - np.log(OPERATIONS)
        n = (np.log(alpha) + a - np.log(beta) - b + beta * budget) / (alpha + beta)
        return np.exp(n), np.exp(budget - n)

    @staticmethod
    def log_loss(theta: np.ndarray, n: np.ndarray, d: np.ndarray) -> np.ndarray:
        """Returns log L; `n` and `d` are logs of N and D over those of the center."""
        e, a, b = theta[:3]
        alpha, beta = np.exp(theta[3:])
        return np.logaddexp(e, np.logaddexp(a - alpha * n, b - beta * d))

    @staticmethod
    def slopes(theta: np.ndarray, n: np.ndarray, d: np.ndarray) -> np.ndarray:
        """Returns the derivatives of log L by `theta`, float64[n, c]."""
        e, a, b = theta[:3]
        alpha, beta = np.exp(theta[3:])
        total = Chinchilla.log_loss(theta, n, d)
        by_size, by_tokens = np.exp(a - alpha * n - total), np.exp(b - beta * d - total)
        columns = (np.exp(e - total), by_size, by_tokens)
        return np.stack([*columns, -by_size * alpha * n, -by_tokens * beta * d], axis=1)

    @staticmethod
    def start(
        exponents: tuple[float, float], n: np.ndarray, d: np.ndarray, loss: np.ndarray
    ) -> np.ndarray:
        """Returns the `theta` of given exponents whose levels have the least squared error."""
        alpha, beta = exponents
        columns = np.stack([np.ones_like(n), np.exp(-alpha * n), np.exp(-beta * d)], axis=1)
        return np.concatenate([_fit_levels(columns, loss), np.log(exponents)])


class Kaplan(Law):
    """Describes L = [(N_c/N)^(α_N/α_D) + D_c/D]^α_D (Kaplan et al. 2020)."""

    name, levels = "Kaplan", 2

    @property
    def constants(self) -> dict[str, float]:
        """Returns N_c, α_N, D_c and α_D."""
        n_c, d_c, alpha_n, alpha_d = self._true
        return {"N_c": _exp(n_c), "α_N": alpha_n, "D_c": _exp(d_c), "α_D": alpha_d}

    @property
    def _true(self) -> tuple[float, ...]:
        """Returns logs of N_c and D_c, and the exponents."""
        alpha_n, alpha_d = np.exp(self.theta[2:])
        n, d = np.log(self.center)
        return self.theta[0] / alpha_n + n, self.theta[1] / alpha_d + d, alpha_n, alpha_d

    @property
    def size_exponent(self) -> float:
        """Returns α_D / (α_N + α_D)."""
        alpha_n, alpha_d = np.exp(self.theta[2:])
        return float(alpha_d / (alpha_n + alpha_d))

    def optimum(self, flops: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Returns N and D of least loss among those of 6ND = `flops`."""
        n_c, d_c, alpha_n, alpha_d = self._true
        budget, ratio = np.log(flops) - np.log(OPERATIONS), alpha_n / alpha_d
        n = (np.log(ratio) + ratio * n_c - d_c + budget) / (ratio + 1)
        return np.exp(n), np.exp(budget - n)

    @staticmethod
    def log_loss(theta: np.ndarray, n: np.ndarray, d: np.ndarray) -> np.ndarray:
        """Returns log L; `n` and `d` are logs of N and D over those of the center."""
        level_n, level_d = theta[:2]
        alpha_n, alpha_d = np.exp(theta[2:])
        by_size, by_tokens = (level_n - alpha_n * n) / alpha_d, level_d / alpha_d - d
        return alpha_d * np.logaddexp(by_size, by_tokens)

    @staticmethod
    def slopes(theta: np.ndarray, n: np.ndarray, d: np.ndarray) -> np.ndarray:
        """Returns the derivatives of log L by `theta`, float64[n, c]."""
        level_n, level_d = theta[:2]
        alpha_n, alpha_d = np.exp(theta[2:])
        total = Kaplan.log_loss(theta, n, d)
        at_size = level_n - alpha_n * n
        share = np.exp((at_size - total) / alpha_d)  # of the size in the sum that is raised to α_D
        by_exponent = total - share * at_size - (1 - share) * level_d
        return np.stack([share, 1 - share, -share * alpha_n * n, by_exponent], axis=1)

    @staticmethod
    def start(
        exponents: tuple[float, float], n: np.ndarray, d: np.ndarray, loss: np.ndarray
    ) -> np.ndarray:
        """Returns the `theta` of given exponents whose levels have the least squared error."""
        alpha_n, alpha_d = exponents
        columns = np.stack([np.exp(-alpha_n / alpha_d * n), np.exp(-d)], axis=1)
        levels = _fit_levels(columns, loss ** (1 / alpha_d))
        return np.concatenate([alpha_d * levels, np.log(exponents)])


LAWS: tuple[type[Law], ...] = (Kaplan, Chinchilla)


@dataclass(frozen=True)
class Fit:
    """Holds a law fitted to a grid, and to grids whose points are drawn from it with replacement.

    Args:
        law: of all points.
        replicates: of the drawn grids.
    """

    law: Law
    replicates: tuple[Law, ...]

    def interval(self, measure: Callable[[Law], float]) -> Interval:
        """Returns what `measure` gives for the law, with its 95% interval (quantiles over the replicates)."""
        value = float(measure(self.law))
        drawn = [float(measure(law)) for law in self.replicates]
        low, high = np.quantile(drawn, (0.025, 0.975))
        return Interval(value, min(value, float(low)), max(value, float(high)))


def fit(kind: type[Law], losses: Losses, seed: int = 0, replicates: int = REPLICATES) -> Fit:
    """Fits a law by least squares of log L with a Huber loss, from several starts; intervals are by bootstrap.

    What is drawn with replacement are the points of the grid: that shows what seeds and the law's own misfit do. The
    held-out documents are the same for all points, and another draw of them would move all losses together.

    Args:
        kind: of the law.
        losses: the grid.
        seed: of the bootstrap.
        replicates: drawn grids; one that does not determine the law is drawn again.

    Raises:
        ClovaError: fewer than three sizes or three budgets.
    """
    if not losses.determined:
        sizes, budgets = len(np.unique(losses.parameters)), len(np.unique(losses.tokens))
        raise ClovaError(
            f"a grid of {sizes} sizes and {budgets} token budgets determines no law; it takes {LEAST} of each"
        )
    center = tuple(
        float(np.exp(np.log(x).mean())) for x in (losses.parameters, losses.tokens)
    )  # geometric means
    n, d = _around(center, losses.parameters, losses.tokens)
    starts = [kind.start(pair, n, d, losses.loss) for pair in product(_EXPONENTS, repeat=2)]
    law = kind(_fit_theta(kind, losses, center, starts), center)
    random, drawn = np.random.default_rng(seed), []
    while len(drawn) < replicates:
        some = losses.only(random.integers(0, len(n), len(n)))
        if some.determined:
            drawn.append(kind(_fit_theta(kind, some, center, [law.theta]), center))
    return Fit(law, tuple(drawn))


def _fit_theta(
    kind: type[Law], losses: Losses, center: tuple[float, ...], starts: list[np.ndarray]
) -> np.ndarray:
    """Returns the best of the fits from several starts."""
    n, d = _around(center, losses.parameters, losses.tokens)
    target = np.log(losses.loss)
    exponents = len(starts[0]) - kind.levels
    bounds = np.array([_LEVELS] * kind.levels + [_STEEPNESS] * exponents).T
    found = [
        least_squares(
            lambda theta: kind.log_loss(theta, n, d) - target,
            np.clip(start, bounds[0] + 1e-6, bounds[1] - 1e-6),
            jac=lambda theta: kind.slopes(theta, n, d),
            bounds=tuple(bounds),
            loss="huber",
            f_scale=DELTA,
        )
        for start in starts
    ]
    return min(found, key=lambda result: result.cost).x


def _fit_levels(
    columns: Float64[np.ndarray, "n k"], values: Float64[np.ndarray, "n"]
) -> np.ndarray:
    """Returns logs of the non-negative coefficients that fit the values in proportion."""
    coefficients, _ = nnls(columns / values[:, None], np.ones(len(values)))
    return np.log(np.maximum(coefficients, 1e-3))


def _around(
    center: tuple[float, ...], parameters: np.ndarray | float, tokens: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Returns logs of N and D over those of the center."""
    return np.log(np.asarray(parameters) / center[0]), np.log(np.asarray(tokens) / center[1])


def _exp(value: float) -> float:
    """Returns e to a power, the largest number there is where it has no bound."""
    return float(np.exp(np.clip(value, -700, 700)))
