"""Advances many texts in groups of a few rows; a step costs what the groups with texts need, not what all slots would.

The decoder says how many rows a group has. All groups have one shape and so one program: a text gets the same bits in whichever group it is written and however many
others are. Rows in numbers that follow the load (1, 2, 4, 8, …) would be programs of their own, whose sums may be taken in another order.
"""

from clova_jax.inference.model import Model
from clova_jax.inference.slots import Slots, Text
from clova_jax.model import Cache


class SlotGroups:
    """Advances up to `count` texts with room for `size` tokens each.

    Args:
        model: what the texts are written by.
        count: texts that may be written at the same time.
        size: prompt and text tokens a row has room for.
        top: alternatives reported a token.
    """

    def __init__(self, model: Model, count: int, size: int, top: int = 0) -> None:
        self.count, self.size = count, size
        group = model.cached_decoder.group
        rows = min(count, group or count)
        groups, apart = -(-count // rows), group is not None
        self.groups = [Slots(model, rows, size, top=top, apart=apart) for _ in range(groups)]

    @property
    def free(self) -> int:
        """Counts the texts that may join."""
        return self.count - sum(group.used for group in self.groups)

    def use(self, model: Model) -> None:
        """Has all texts written by the same model with other virtual tokens from now on."""
        for group in self.groups:
            group.model, group.decoder = model, model.cached_decoder

    def seat(self, text: Text, prefilled: Cache) -> None:
        """Gives a text a row, in the fullest group that has one, so that few groups have texts.

        Args:
            text: to be written.
            prefilled: all but the last token of its prompt.
        """
        group = max((group for group in self.groups if group.free), key=lambda group: group.used)
        group.seat(text, prefilled)

    def advance(self, tokens: int, first: int | None = None) -> list[Text]:
        """Advances every text by up to `tokens` tokens, or `first` before its first character; returns those that ended."""
        # All are sent to the device before any is waited for.
        under_way = [(group, group.send(tokens, first)) for group in self.groups if group.used]
        return [text for group, drawn in under_way for text in group.take(drawn)]

    def cancel(self, text: Text) -> None:
        """Frees the row of a text; nothing more is written to it."""
        next(group for group in self.groups if text in group.texts).cancel(text)
