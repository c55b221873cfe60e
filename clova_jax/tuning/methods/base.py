"""Defines the interface of a tuning method: what it trains, and how a model's parameters follow from that.

The model's own parameters are never changed.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import jax.numpy as jnp
from jaxtyping import Array, Float

from clova_jax.evaluate import Task
from clova_jax.inference import Model
from clova_jax.model import Params
from clova_jax.tuning.loop import Gradient, GradientSteps, Steps
from clova_jax.tuning.options import TuneOptions


class Config(Protocol):
    """Holds the settings of a method: a frozen dataclass of JSON values, by which a run is recognised."""

    def method(self) -> "Method":
        """Returns the method with these settings."""


@dataclass(frozen=True)
class Method:
    """Tunes a model; a subclass gives `usual`, `init` and `params`.

    The class attributes are the method's settings in a table: the peak learning rate, the names of its encoders
    where it has some, at most how many steps, and whether it trains all parameters (then its runs are not kept).
    """

    config: Any
    learning_rate: ClassVar[float] = 1e-3
    encoders: ClassVar[tuple[str, ...]] = ()
    most_steps: ClassVar[int | None] = None
    trains_everything: ClassVar[bool] = False
    makes_prompt: ClassVar[bool] = False  # its result is a `SoftPrompt`

    @classmethod
    def usual(cls, task: Task, encoder: str) -> Config:
        """Returns the config of a table's row; `encoder` is one of `encoders`, or empty."""
        raise NotImplementedError

    def init(self, model: Model, seed: int) -> Params:
        """Returns what is trained at its start: a nested dict of float32 arrays."""
        raise NotImplementedError

    def params(self, base: Params, trainable: Params) -> Params:
        """Returns the parameters to run the decoder with; traceable."""
        raise NotImplementedError

    def steps(self, model: Model, gradient: Gradient, options: TuneOptions) -> Steps:
        """Returns what makes a step of the loop: by default, Adam on the gradient."""
        return GradientSteps(gradient, options)

    @property
    def works_outside(self) -> bool:
        """Returns True if the method needs no weights, only input gradients."""
        return False

    def about(self, model: Model, trainable: Params) -> dict[str, Any]:
        """Returns JSON values that are saved with the prompt beside the config."""
        return {}


class SoftPrompts(Method):
    """Trains virtual tokens beside a frozen model's own; a subclass gives `usual` and `init`."""

    makes_prompt = True

    def vectors(self, trainable: Params) -> Float[Array, "P D"]:
        """Returns the prompt vectors; traceable. By default they are what is trained."""
        return jnp.asarray(trainable["embedding"])

    def params(self, base: Params, trainable: Params) -> Params:
        """Returns the frozen parameters with the prompt vectors beside them."""
        return base | {"virtual": self.vectors(trainable)}
