"""Pieces of HTML that the pages show. Every value is escaped here; nothing else writes markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from dashboard.map import style


def figures(items: Iterable[tuple[str, str, str]]) -> str:
    """Headline figures.

    Args:
        items: Value, what it counts, and a note (may be empty).
    """
    tiles = "".join(
        f'<div class="figure"><dt>{escape(name)}</dt><dd>{escape(value)}</dd>'
        + (f'<dd class="figure-note">{escape(note)}</dd>' if note else "")
        + "</div>"
        for value, name, note in items
    )
    return f'<dl class="figures">{tiles}</dl>'


def facts(items: Iterable[tuple[str, str]]) -> str:
    """Facts as a list of names and values."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in items)
    return f'<dl class="facts">{rows}</dl>'


def heading(title: str, *, above: str = "", below: str = "") -> str:
    """A title of a panel with a line above and a line below it."""
    parts = [
        f'<p class="above">{escape(above)}</p>' if above else "",
        f"<h2>{escape(title)}</h2>",
        f'<p class="below">{escape(below)}</p>' if below else "",
    ]
    return f'<div class="panel-heading">{"".join(parts)}</div>'


def notice(strong: str, text: str, *, kind: str = "plain") -> str:
    """A boxed notice: `kind` is ``plain``, ``partial`` or ``poor``."""
    return f'<div class="notice notice-{escape(kind)}"><strong>{escape(strong)}</strong> {escape(text)}</div>'


def paragraph(text: str, *, look: str = "text") -> str:
    """A paragraph."""
    return f'<p class="{escape(look)}">{escape(text)}</p>'


def link_line(name: str, grade: str, details: Sequence[str], *, look: str) -> str:
    """One mosaic that a territory is linked to: its name, how sure, and why.

    Args:
        name: The mosaic.
        grade: How sure, in words.
        details: Reason, kind, figures; shown one after another.
        look: ``certain``, ``borderline`` or ``counterpart``.
    """
    said = " · ".join(escape(detail) for detail in details if detail)
    return (
        f'<div class="link-line"><strong>{escape(name)}</strong> '
        f'<span class="chip chip-{escape(look)}">{escape(grade)}</span><div class="link-details">{said}</div></div>'
    )


def legend(items: Iterable[tuple[str, str]]) -> str:
    """The legend: pairs of a swatch (see `swatch`) and its meaning."""
    rows = "".join(f"<li>{drawing}<span>{escape(text)}</span></li>" for drawing, text in items)
    return f'<ul class="legend">{rows}</ul>'


def swatch(look: style.Style, *, hatched: bool = False) -> str:
    """A small drawing of a map style: fill, outline, dashes, hatching."""
    color = str(look["color"])
    dashes = look.get("dashArray")
    line = "solid" if not dashes else "dotted" if str(dashes) < "3" else "dashed"
    fill = "transparent"
    if look.get("fill", "fillColor" in look):
        share = round(100 * float(look.get("fillOpacity", 1)))
        fill = f"color-mix(in srgb, {look['fillColor']} {share}%, white)"
    if hatched:
        fill = f"repeating-linear-gradient(135deg, {color} 0 1.4px, white 1.4px 5px)"
    drawn = f"background: {fill}; border: {max(float(look['weight']), 1)}px {line} {color};"
    return f'<span class="swatch" style="{escape(drawn)}"></span>'


def footnote(lines: Iterable[str]) -> str:
    """The words about the data at the foot of a page."""
    return f'<div class="footnote">{"".join(f"<p>{escape(line)}</p>" for line in lines)}</div>'


def page_title(title: str, lead: str) -> str:
    """The title of a page and one line below it."""
    return f'<h1 class="page-title">{escape(title)}</h1><p class="lead">{escape(lead)}</p>'


def card(title: str, items: Iterable[tuple[str, str]]) -> str:
    """A titled list of facts."""
    return f'<section class="card"><h3>{escape(title)}</h3>{facts(items)}</section>'


def cards(made: Iterable[str]) -> str:
    """Cards (see `card`) side by side where there is room."""
    return f'<div class="cards">{"".join(made)}</div>'
