"""Prepares the data of a tuning run: both splits as items and in tokens, and the template around them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.options import as_json
from clova_jax.evaluate import Item, Task, digest
from clova_jax.inference import Model, Template
from clova_jax.tuning.examples import Example, make_examples, split
from clova_jax.tuning.losses import loss_of


def default_template(config: Any) -> Template:
    """Returns `[P]*n {text} [P]*n` for virtual tokens, and the text alone without them.

    The original p-tuning code does the same for GPT.
    """
    count = getattr(config, "num_virtual_tokens", 0)
    return Template(*((n,) if n else () for n in (count // 2, count - count // 2)))


@dataclass(frozen=True)
class TuningData:
    """Holds the data of a run.

    Args:
        task: what the items are of.
        template: what stands around a text.
        before: ids of the template before it.
        items, dev: to train on, and the development split.
        examples, dev_examples: the same in tokens.
        notes: what a reader should know (texts that were cut).
    """

    task: Task
    template: Template
    before: Sequence[int]
    items: Sequence[Item]
    dev: Sequence[Item]
    examples: Sequence[Example]
    dev_examples: Sequence[Example]
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        model: Model,
        task: Task,
        items: Sequence[Item],
        dev: Sequence[Item] | None,
        config: Any,
        template: Template | None,
        first_virtual: int,
        seed: int,
    ) -> "TuningData":
        """Splits the items where `dev` is None, and encodes both splits.

        Raises:
            ClovaError: an empty split, a template that does not fit the config or the context, labels
                that cannot be distinguished.
        """
        template = template or default_template(config)
        wanted = getattr(config, "num_virtual_tokens", 0)
        if template.num_virtual_tokens != wanted:
            raise ClovaError(
                f"template '{template}' has {template.num_virtual_tokens} virtual tokens, the method {wanted}"
            )
        if dev is None:
            items, dev = split(items, seed)
        if not items or not dev:
            raise ClovaError(
                f"{task.name}: {len(items)} items to train on and {len(dev)} to stop by; give some of both"
            )
        length, tokenizer = model.config.max_length, model.tokenizer
        examples, cut = make_examples(task, items, tokenizer, template, first_virtual, length)
        dev_examples, _ = make_examples(task, dev, tokenizer, template, first_virtual, length)
        notes = (f"{cut} of {len(items)} texts cut to fit the context",) if cut else ()
        before = template.ids(tokenizer, first_virtual)[0]
        return cls(task, template, before, items, dev, examples, dev_examples, notes)

    @property
    def longest_target(self) -> int:
        """Returns the number of tokens of the longest target to train on."""
        return max(len(example.target) for example in self.examples)

    def identity(self, config: Any, weights: str) -> dict[str, Any]:
        """Returns what must not change when a run is resumed."""
        shown = [self.task.shown(item) + item.lead for item in (*self.items, *self.dev)]
        return {
            "method": type(config).__name__,
            **as_json(config),
            "template": str(self.template),
            "weights": weights,
            "loss": loss_of(self.task),
            "data": digest(shown),
        }
