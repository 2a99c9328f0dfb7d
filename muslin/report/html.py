"""Pieces that every page is made of: style, frame, cards, boxes, tables."""

import math
from collections.abc import Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1c2126; --paper: #ffffff; --soft: #5b6670;
  --line: #d8dee3; --card: #f5f7f9; --bad: #b3261e; --good: #2c6e49; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaee; --paper: #14181c; --soft: #9aa7b2;
  --line: #2b333b; --card: #1c2228; --bad: #f2b8b5; --good: #8fd3aa; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1000px; padding: 32px 24px 64px; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 8px; }
p { margin: 6px 0; max-width: 72ch; } .soft { color: var(--soft); font-size: 13px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px;
  margin: 18px 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 10px 14px; }
.card b { display: block; font-size: 22px; } .card span { color: var(--soft); font-size: 13px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; margin: 10px 0; }
th, td { text-align: left; padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.n + td:not(.n), th.n + th:not(.n) { padding-left: 16px; }
.tag { border: 1px solid var(--line); border-radius: 10px; padding: 0 8px; font-size: 12px; }
.wide { overflow-x: auto; } .wide th, .wide td { padding-right: 8px;
  font-size: 12.5px; } .wide th.n { white-space: normal; }
details { margin: 10px 0; } summary { cursor: pointer; color: var(--soft); }
.bad { color: var(--bad); } .good { color: var(--good); }
figure { margin: 10px 0; background: #fff; border-radius: 8px; border: 1px solid var(--line);
  padding: 6px; } figure svg { width: 100%; height: auto; display: block; }
figcaption { color: #4a545d; font-size: 12.5px; padding: 2px 6px; }
"""


def page(title: str, body: Sequence[str]) -> str:
    """A whole page that asks nothing from outside; empty parts are left out."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        + "\n".join(part for part in body if part)
        + "</main></body></html>\n"
    )


def number(value: float | None, form: str = ".1f") -> str:
    """A number for a person; words where it is not known."""
    return f"{value:{form}}" if value is not None and math.isfinite(value) else "not known"


def card(value: str, label: str) -> str:
    """A number in large letters with what it is."""
    return f'<div class="card"><b>{escape(value)}</b><span>{escape(label)}</span></div>'


def figure_box(picture: str, caption: str) -> str:
    """A picture with its caption."""
    return f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, n_words: int = 1) -> str:
    """A table whose first columns are words and whose others are numbers; cells are text."""
    classes = ["" if i < n_words else ' class="n"' for i in range(len(head))]
    top = "".join(f"<th{c}>{escape(t)}</th>" for c, t in zip(classes, head, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{c}>{escape(t)}</td>" for c, t in zip(classes, row, strict=True))
        + "</tr>"
        for row in rows
    )  # fmt: skip
    return (
        f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )
