"""Values that were used lately, and keys that one task has at a time."""

import asyncio

import pytest

from clova_jax.studio.held import OneByOne, Recent


def test_the_values_that_were_asked_for_last_are_kept():
    made, recent = [], Recent(2)

    def value(key):
        return recent.get(key, lambda: made.append(key) or key)

    assert [value(key) for key in "abacb"] == [*"abacb"]
    assert made == [*"abcb"]  # b was the one that nobody asked for


def test_one_task_at_a_time_has_a_key_and_nothing_is_left_of_it():
    async def main():
        locks, order = OneByOne(), []

        async def use(key, name):
            async with locks.alone(key):
                order.append(f"{name} in")
                await asyncio.sleep(0.01)
                order.append(f"{name} out")

        async def leave():
            async with locks.alone("a"):
                pass

        first = asyncio.ensure_future(use("a", 1))
        await asyncio.sleep(0)
        waiter = asyncio.ensure_future(leave())
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.gather(first, use("a", 2), use("b", 3))
        with pytest.raises(asyncio.CancelledError):
            await waiter
        return order, locks._locks

    order, left = asyncio.run(main())
    assert order.index("1 out") < order.index("2 in")
    assert order.index("3 in") < order.index("1 out")
    assert left == {}
