"""The end of a source that keeps tasks: an error of its user's own leaves as it is."""

from contextlib import AsyncExitStack
from types import TracebackType


async def leave(
    stack: AsyncExitStack,
    exc_type: type[BaseException] | None,
    exc: BaseException | None,
    trace: TracebackType | None,
) -> None:
    """Close what a source opened; arguments as of ``__aexit__``.

    A task group puts what its body raised into a group, which nobody outside would expect.
    """
    try:
        await stack.__aexit__(exc_type, exc, trace)
    except BaseExceptionGroup as group:
        if exc is None or group.exceptions != (exc,):
            raise
