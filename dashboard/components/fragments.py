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


def footnote(lines: Iterable[str], *, title: str, items: Iterable[str]) -> str:
    """The words about the data at the foot of a page, and below a title that opens, one line per source."""
    said = "".join(f"<p>{escape(line)}</p>" for line in lines)
    listed = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f'<div class="footnote">{said}<details><summary>{escape(title)}</summary><ul>{listed}</ul></details></div>'


def page_title(title: str, lead: str) -> str:
    """The title of a page and one line below it."""
    return f'<h1 class="page-title">{escape(title)}</h1><p class="lead">{escape(lead)}</p>'


def card(title: str, items: Iterable[tuple[str, str]]) -> str:
    """A titled list of facts."""
    return f'<section class="card"><h3>{escape(title)}</h3>{facts(items)}</section>'


def cards(made: Iterable[str]) -> str:
    """Cards (see `card`) side by side where there is room."""
    return f'<div class="cards">{"".join(made)}</div>'


def banner(strong: str, text: str) -> str:
    """A line over the whole page that cannot be missed."""
    return f'<div class="banner" role="alert"><strong>{escape(strong)}</strong> {escape(text)}</div>'


def stage_chip(text: str, look: str) -> str:
    """A stage in the colour that the map gives it; the words are beside the colour, so nothing rests on it alone."""
    far, near = style.STAGE[look]["far"], style.STAGE[look]["near"]
    line = "dashed" if near["dashArray"] else "solid"
    drawn = f"background: {far['fillColor']}; border: 1.5px {line} #4a5957;"
    return (
        f'<span class="stage"><span class="stage-mark" style="{escape(drawn)}"></span>'
        f'<span class="stage-name">{escape(text)}</span></span>'
    )


def chips(texts: Iterable[str], *, look: str) -> str:
    """Short words beside something: ``flag``, ``local``, ``quiet``."""
    return "".join(f'<span class="chip chip-{escape(look)}">{escape(text)}</span>' for text in texts)


def stage_line(stage: str, look: str, flags: Iterable[str], details: Iterable[str]) -> str:
    """What the records say of one link: its stage, its flags, and dates."""
    said = " · ".join(escape(detail) for detail in details if detail)
    below = f'<div class="link-details">{said}</div>' if said else ""
    return f'<div class="stage-line">{stage_chip(stage, look)}{chips(flags, look="flag")}{below}</div>'


def stage_bar(title: str, counts: Iterable[tuple[str, str, int, str]]) -> str:
    """A bar of links by stage with its figures in words.

    Args:
        title: What is counted.
        counts: Look, stage in words, how many, and the number as the language writes it; none of them 0.
    """
    listed = list(counts)
    parts = "".join(
        f'<span style="flex: {number} 1 0; background: {escape(str(style.STAGE[look]["far"]["fillColor"]))}"></span>'
        for look, _, number, _ in listed
    )
    rows = "".join(f"<li>{stage_chip(text, look)} <b>{escape(written)}</b></li>" for look, text, _, written in listed)
    return (
        f'<section class="stage-bar"><h3>{escape(title)}</h3><div class="bar" aria-hidden="true">{parts}</div>'
        f"<ul>{rows}</ul></section>"
    )


def happened(when: str, what: str, details: Iterable[str], *, struck: str = "", chip: str = "", html: str = "") -> str:
    """One entry of a history.

    Args:
        when: Date in words.
        what: What happened, as text.
        details: What shows it.
        struck: Why it no longer counts; the entry is then struck through.
        chip: A short word beside it.
        html: Made by another function of this module, shown in place of `what`.
    """
    said = " · ".join(escape(detail) for detail in details if detail)
    body = html or f"<strong>{escape(what)}</strong>"
    if struck:
        body = f"<s>{body}</s>"
    parts = [
        f'<div class="when">{escape(when)}</div><div class="what">{body}',
        chips([chip], look="quiet") if chip else "",
        f'<div class="link-details">{f"<s>{said}</s>" if struck else said}</div>' if said else "",
        f'<div class="struck-why">{escape(struck)}</div>' if struck else "",
        "</div>",
    ]
    return f'<li class="happened">{"".join(parts)}</li>'


def happenings(items: Iterable[str]) -> str:
    """A history: entries that `happened` made."""
    return f'<ol class="history">{"".join(items)}</ol>'
