"""Single keys from the terminal while something runs; without a terminal there are none."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def keys_to(on_key: Callable[[str], None]) -> Iterator[bool]:
    """Hand every key to a callback in the running loop; yields whether there is a keyboard."""
    try:
        import termios
        import tty
    except ImportError:  # Windows; Ctrl-C still ends there
        yield False
        return
    if not sys.stdin.isatty():
        yield False
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    loop = asyncio.get_running_loop()
    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, lambda: on_key(sys.stdin.read(1)))
    try:
        yield True
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
