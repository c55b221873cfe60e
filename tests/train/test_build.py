"""What a pre-training is built of: optimizers that are none are refused with the remedy."""

import optax
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.train.build import make_optimizer
from clova_jax.train.optimizer import LearningRate, adamw

RATE = LearningRate(1e-3, 1, 10)


@pytest.mark.parametrize("make", [adamw, optax.lion, lambda rate: optax.sgd(rate, momentum=0.9)])
def test_a_function_of_the_rate_makes_the_optimizer(make):
    assert isinstance(make_optimizer(make, RATE), optax.GradientTransformation)


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (optax.lion(1e-3), "GradientTransformationExtraArgs"),
        (lambda rate: rate, "returned Learning"),
    ],
)
def test_what_makes_none_is_refused_with_the_remedy(make, given):
    with pytest.raises(ClovaError, match=f"optimizer: .*{given}") as caught:
        make_optimizer(make, RATE)
    assert "optimizer=lambda rate: optax.lion(rate)" in str(caught.value)
    assert "\n" not in str(caught.value)
