"""Sets how many sequences each step takes: the full batch, or a ramp up to it."""

from dataclasses import dataclass

from clova_jax.common.errors import ClovaError

RAMP = (8, 4, 2)  # the batch divided by these, each for a third of the ramp's tokens


@dataclass(frozen=True)
class BatchSchedule:
    """Assigns sequences of the endless stream of training windows to steps.

    GPT-3 grows its batch in the first billions of tokens; here in three doublings, so that a
    program is compiled four times at most.

    Args:
        global_batch: sequences a step after the ramp.
        length: tokens a sequence.
        ramp_tokens: over how many tokens to grow; 0 for the full batch from the start.

    Raises:
        ClovaError: a ramp for a batch that does not divide by eight.
    """

    global_batch: int
    length: int
    ramp_tokens: int = 0

    def __post_init__(self) -> None:
        if self.ramp_tokens and self.global_batch % RAMP[0]:
            raise ClovaError(
                f"--ramp-tokens wants a --global-batch that divides by {RAMP[0]}, not {self.global_batch}"
            )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Returns the sequences a step of each stage, the smallest first; the last is the full batch."""
        ramp = RAMP if self.ramp_tokens else ()
        return (*(self.global_batch // part for part in ramp), self.global_batch)

    def _stages(self) -> list[tuple[int, int]]:
        """Returns (sequences a step, steps) of each stage of the ramp."""
        share = self.ramp_tokens / len(RAMP)
        return [(size, max(1, round(share / (size * self.length)))) for size in self.sizes[:-1]]

    def rows(self, step: int) -> tuple[int, int]:
        """Returns the first sequence of a step (0, 1, …) and how many the step takes."""
        first = 0
        for size, steps in self._stages():
            if step < steps:
                return first + step * size, size
            first, step = first + steps * size, step - steps
        return first + step * self.global_batch, self.global_batch

    def tokens(self, step: int) -> int:
        """Counts the target tokens of all steps before this one."""
        return self.rows(step)[0] * self.length

    def steps(self, tokens: int) -> int:
        """Returns the fewest steps that train on at least so many tokens."""
        count = 0
        for size, steps in self._stages():
            needed = -(-tokens // (size * self.length))
            if needed <= steps:
                return count + needed
            count, tokens = count + steps, tokens - steps * size * self.length
        return count + -(-tokens // (self.global_batch * self.length))
