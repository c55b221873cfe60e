"""Configures how a model is aligned, in the names of TRL."""

from dataclasses import dataclass
from typing import Literal

from clova_jax.common.errors import ClovaError
from clova_jax.tuning import LoraConfig


@dataclass(frozen=True)
class PreferenceConfig:
    """Configures alignment.

    Args:
        method: `dpo` learns from pairs, `rloo` from rewards of what the model writes.
        beta: price of leaving the reference: of DPO (Rafailov et al. 2023) the temperature of the implied reward, of RLOO
            (Ahmadian et al. 2024) what a nat of KL costs.
        label_smoothing: share of pairs taken to be labelled the wrong way round (conservative DPO); below 0.5.
        lora: trains low-rank updates in place of all parameters.
        samples: texts a prompt of RLOO, each the baseline of the others.
        max_new_tokens: of such a text.
    """

    method: Literal["dpo", "rloo"] = "dpo"
    beta: float = 0.1
    label_smoothing: float = 0.0
    lora: LoraConfig | None = None
    samples: int = 4
    max_new_tokens: int = 32

    def __post_init__(self) -> None:
        if self.method not in ("dpo", "rloo"):
            raise ClovaError(f"method={self.method!r}: wants dpo or rloo")
        if not self.beta > 0:
            raise ClovaError(f"beta={self.beta}: wants a number above 0")
        if not 0 <= self.label_smoothing < 0.5:
            raise ClovaError(f"label_smoothing={self.label_smoothing}: wants 0 or more, below 0.5")
        if self.samples < 2:
            raise ClovaError(
                f"samples={self.samples}: wants 2 or more, each is compared with others"
            )
        if self.max_new_tokens < 1:
            raise ClovaError(f"max_new_tokens={self.max_new_tokens}: wants 1 or more")
