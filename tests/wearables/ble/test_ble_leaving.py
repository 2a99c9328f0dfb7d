"""A source's user may raise; what was raised leaves as it is."""

import asyncio
import contextlib

import pytest

from wearables.ble.leaving import leave


class Kept:
    """A source in miniature: it keeps a task for as long as it is open."""

    def __init__(self, task=None):
        self.stack = contextlib.AsyncExitStack()
        self.task = task or asyncio.Event().wait

    async def __aenter__(self):
        tasks = await self.stack.enter_async_context(asyncio.TaskGroup())
        self.stack.callback(tasks.create_task(self.task()).cancel)

    async def __aexit__(self, *raised):
        await leave(self.stack, *raised)


async def test_an_error_of_the_body_is_not_put_into_a_group():
    with pytest.raises(KeyError, match="mine"):
        async with Kept():
            raise KeyError("mine")


async def test_an_error_of_the_source_stays_in_its_group():
    async def broken():
        raise OSError("radio")

    with pytest.raises(ExceptionGroup) as told:
        async with Kept(broken):
            await asyncio.sleep(1)
    assert told.group_contains(OSError, match="radio")
