"""What people see while a command works: steps and tables on stderr, JSON on stdout."""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


def say(text: str) -> None:
    """Write a line for a person."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def print_json(data: dict[str, Any]) -> None:
    """Write data for a program."""
    sys.stdout.write(json.dumps(data, indent=2, allow_nan=False) + "\n")
    sys.stdout.flush()


def print_json_line(data: dict[str, Any]) -> None:
    """Write data for a program that reads along: one object a line."""
    sys.stdout.write(json.dumps(data, allow_nan=False) + "\n")
    sys.stdout.flush()


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step, and say how long it took."""
    start_ns = time.monotonic_ns()
    say(f"  {text} ...")
    yield
    say(f"  {text}: done in {(time.monotonic_ns() - start_ns) / 1e9:.1f} s")


def counted(things: Iterable[T], *, total: int, words: str) -> Iterator[T]:
    """Pass things on as they come, with a progress bar on the terminal.

    Args:
        things: What comes, one after the other.
        total: How many there will be.
        words: What they are.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(words, total=total)
        for thing in things:
            progress.advance(task)
            yield thing


def say_table(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Write a two-column table for a person."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, show_header=False, box=box.SIMPLE, title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    Console(stderr=True).print(table)
