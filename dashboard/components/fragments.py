"""Pieces of HTML that the pages show. Every value is escaped here; nothing else writes markup."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape

from dashboard.map import style
from geodata.symbology import FLAGS, flag_svg


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
    rows = "".join(f"<dt>{escape(name)}</dt><dd{_tongue(value)}>{escape(value)}</dd>" for name, value in items)
    return f'<dl class="facts">{rows}</dl>'


class English(str):
    """A text that is English in every language of the page, and is marked so for who listens to it."""

    __slots__ = ()


def _tongue(text: str) -> str:
    return ' lang="en"' if isinstance(text, English) else ""


def heading(title: str, *, above: str = "", below: str = "") -> str:
    """A title of a panel with a line above and a line below it."""
    parts = [
        f'<p class="above">{escape(above)}</p>' if above else "",
        f"<h2>{escape(title)}</h2>",
        f'<p class="below">{escape(below)}</p>' if below else "",
    ]
    return f'<div class="panel-heading">{"".join(parts)}</div>'


def heading_small(title: str) -> str:
    """A title of a part of a page."""
    return f'<h3 class="part-heading">{escape(title)}</h3>'


def notice(strong: str, text: str, *, kind: str = "plain") -> str:
    """A boxed notice: `kind` is ``plain``, ``partial`` or ``poor``."""
    return f'<div class="notice notice-{escape(kind)}"><strong>{escape(strong)}</strong> {escape(text)}</div>'


def paragraph(text: str, *, look: str = "text") -> str:
    """A paragraph."""
    return f'<p class="{escape(look)}">{escape(text)}</p>'


def hint(text: str, detail: str) -> str:
    """A small word that opens into a sentence."""
    return f'<details class="small hint"><summary>{escape(text)}</summary><p>{escape(detail)}</p></details>'


def link_paragraph(text: str, link: str, address: str) -> str:
    """A line of text and a link that opens in a window of its own."""
    led = f'<a href="{escape(address)}" target="_blank" rel="noopener">{escape(link)}</a>'
    return f'<p class="small">{escape(text)} {led}</p>'


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


def found_line(name: str, address: str, chip: str, details: Sequence[str], *, look: str) -> str:
    """Something that was found, as `link_line`, with a link to its page where there is an address."""
    title = f"<strong>{escape(name)}</strong>"
    if address:
        title = f'<a href="{escape(address)}" target="_self">{title}</a>'
    said = " · ".join(escape(detail) for detail in details if detail)
    return (
        f'<div class="link-line">{title} <span class="chip chip-{escape(look)}">{escape(chip)}</span>'
        f'<div class="link-details">{said}</div></div>'
    )


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


@cache
def flag_mark(flag: str) -> str:
    """The symbol that the map draws for a flag, empty for one that has none; its words stand beside it."""
    if flag not in FLAGS:
        return ""
    picture = base64.b64encode(flag_svg(flag).encode()).decode()
    return f'<img class="flag-mark" alt="" width="16" height="16" src="data:image/svg+xml;base64,{picture}">'


def flag_chip(text: str, flag: str) -> str:
    """A flag with its symbol, in the form of `stage_chip`."""
    return f'<span class="stage">{flag_mark(flag)}<span class="stage-name">{escape(text)}</span></span>'


def flag_chips(flags: Mapping[str, str], *, sign: str = "", look: str = "flag") -> str:
    """Flags with their symbols.

    Args:
        flags: Each flag in words, by code.
        sign: What stands before each.
        look: As for `chips`.
    """
    before = f"{escape(sign)} " if sign else ""
    return "".join(
        f'<span class="chip chip-{escape(look)}">{before}{flag_mark(flag)}{escape(text)}</span>'
        for flag, text in flags.items()
    )


def stage_line(stage: str, look: str, flags: Mapping[str, str], details: Iterable[str]) -> str:
    """What the records say of one link: its stage, its flags in words by code, and dates."""
    said = " · ".join(escape(detail) for detail in details if detail)
    below = f'<div class="link-details">{said}</div>' if said else ""
    return f'<div class="stage-line">{stage_chip(stage, look)}{flag_chips(flags)}{below}</div>'


def stage_bar(
    title: str, counts: Iterable[tuple[str, str, int, str]], *, lead: str, apart: Sequence[tuple[str, str, str]]
) -> str:
    """A bar of stages with its figures in words.

    Args:
        title: What is counted.
        counts: Look, stage in words, how many, and the number as the language writes it; none of them 0.
        lead: What is said before `apart`.
        apart: What some of them have beside a stage: flag (empty for what is no flag), words, number as written.
    """
    listed = list(counts)
    parts = "".join(
        f'<span style="flex: {number} 1 0; background: {escape(str(style.STAGE[look]["far"]["fillColor"]))}"></span>'
        for look, _, number, _ in listed
    )
    rows = "".join(f"<li>{stage_chip(text, look)} <b>{escape(written)}</b></li>" for look, text, _, written in listed)
    others = "".join(
        f"<li>{flag_mark(flag) if flag else ''}{escape(text)} <b>{escape(written)}</b></li>"
        for flag, text, written in apart
    )
    below = f'<div class="stage-apart"><span>{escape(lead)}</span><ul>{others}</ul></div>' if others else ""
    return (
        f'<section class="stage-bar"><h3>{escape(title)}</h3><div class="bar" aria-hidden="true">{parts}</div>'
        f"<ul>{rows}</ul>{below}</section>"
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


def label(text: str) -> str:
    """A text for the label of a widget, in which Streamlit reads Markdown: every mark of it stands for itself."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def share_row(
    name: str,
    details: Iterable[str],
    *,
    size: str,
    note: str,
    share: float | None,
    chips: str = "",
    look: str = "plain",
) -> str:
    """One thing that covers a share of a whole, with a bar as long as the share.

    Args:
        name: What it is.
        details: What more is known, shown one after another.
        size: How large.
        note: The share in words.
        share: The share, 0 to 1; null where it is not known.
        chips: Made by `chips`, beside the name.
        look: ``member`` or ``plain``.
    """
    said = " · ".join(escape(detail) for detail in details if detail)
    wide = 0 if share is None else min(max(share, 0.0), 1.0)
    return (
        f'<li class="share-row share-{escape(look)}"><div class="share-name"><strong>{escape(name)}</strong>{chips}'
        f'<div class="link-details">{said}</div></div><div class="share-size"><b>{escape(size)}</b>'
        f'<span>{escape(note)}</span></div><div class="share-bar" aria-hidden="true">'
        f'<span style="width: {100 * wide:.2f}%"></span></div></li>'
    )


def share_rows(rows: Sequence[str], *, most: int, more: str) -> str:
    """Rows that `share_row` made: the first ones, and the others below a title that opens."""
    shown = f'<ul class="share-rows">{"".join(rows[:most])}</ul>'
    if len(rows) <= most:
        return shown
    return (
        f'{shown}<details class="more"><summary>{escape(more)}</summary>'
        f'<ul class="share-rows">{"".join(rows[most:])}</ul></details>'
    )


def sources(items: Iterable[tuple[str, Sequence[tuple[str, str]]]]) -> str:
    """Facts and where each comes from.

    Args:
        items: What, and its sources: each a line and a smaller one below it, which may be empty.
    """
    rows = "".join(
        f"<dt>{escape(what)}</dt><dd>"
        + "".join(
            f"<div>{escape(line)}</div>" + (f'<div class="small">{escape(below)}</div>' if below else "")
            for line, below in told
        )
        + "</dd>"
        for what, told in items
    )
    return f'<dl class="facts fact-sources">{rows}</dl>'


def change_row(name: str, about: str, steps: Sequence[str], gained: Mapping[str, str], lost: Mapping[str, str]) -> str:
    """What changed of one link or territory.

    Args:
        name: The territory.
        about: The mosaic.
        steps: What it was and what it is: made by `stage_chip` or `chips`; one or none where that did not change.
        gained: Flags that it got, in words by code.
        lost: Flags that it lost, in words by code.
    """
    arrow = '<span class="arrow" aria-hidden="true">→</span>'
    flags = flag_chips(gained, sign="+") + flag_chips(lost, sign="−", look="quiet")
    return (
        f'<li class="change"><div><strong>{escape(name)}</strong> <span class="small">{escape(about)}</span></div>'
        f'<div class="change-steps">{arrow.join(steps)}{flags}</div></li>'
    )


def change_rows(rows: Iterable[str]) -> str:
    """A list of what `change_row` made."""
    return f'<ul class="changes">{"".join(rows)}</ul>'


def ranked_row(
    *,
    rank: str,
    tie: str,
    name: str,
    address: str,
    about: str,
    stage: str,
    doubts: Sequence[str],
    reasons: Sequence[tuple[str, str]],
    score: str,
    of: str,
    share: float,
    nothing: str,
) -> str:
    """One entry of a ranked list.

    Args:
        rank: Its rank.
        tie: What is said where another has the same score; may be empty.
        name: What is ranked, which leads to its page.
        address: That page, from the root of the server.
        about: What it is ranked for.
        stage: Made by `stage_chip`.
        doubts: What must be known before it is believed.
        reasons: Each reason with the points that it brings.
        score: Sum of the points.
        of: Of how many.
        share: The score as a share of the highest possible one, 0 to 1.
        nothing: What stands there where no reason holds.
    """
    told = "".join(
        f'<li><span>{escape(text)}</span> <b aria-hidden="true">+{escape(points)}</b></li>' for text, points in reasons
    )
    doubtful = chips(doubts, look="borderline")
    return (
        f'<li class="ranked"><div class="ranked-rank"><b>{escape(rank)}</b>'
        + (f"<span>{escape(tie)}</span>" if tie else "")
        + '</div><div class="ranked-what">'
        f'<a href="{escape(address)}" target="_self"><strong>{escape(name)}</strong></a>'
        f' <span class="ranked-about">{escape(about)}</span> {stage}{doubtful}'
        f'<ul class="ranked-reasons">{told or f"<li>{escape(nothing)}</li>"}</ul></div>'
        f'<div class="ranked-score"><b>{escape(score)}</b> <span>{escape(of)}</span>'
        f'<div class="share-bar" aria-hidden="true"><span style="width: {100 * min(max(share, 0.0), 1.0):.1f}%">'
        "</span></div></div></li>"
    )


def ranked_rows(rows: Iterable[str], *, start: int, about: str) -> str:
    """A ranked list of what `ranked_row` made."""
    return f'<ol class="ranked-rows" start="{start}" aria-label="{escape(about)}">{"".join(rows)}</ol>'


def bullets(items: Iterable[tuple[str, Sequence[str]]]) -> str:
    """A list of things, each with smaller ones below it."""
    rows = "".join(
        f"<li>{escape(text)}"
        + (f'<div class="link-details">{escape(" · ".join(more))}</div>' if more else "")
        + "</li>"
        for text, more in items
    )
    return f'<ul class="bullets">{rows}</ul>'


def unfold_lines(title: str, items: Iterable[tuple[str, Sequence[str]]]) -> str:
    """A title that opens a list of things, each with smaller ones below it."""
    return f'<details class="more"><summary>{escape(title)}</summary>{bullets(items)}</details>'


def _details(more: Sequence[str]) -> str:
    return f'<div class="link-details">{escape(" · ".join(more))}</div>' if more else ""


def unfold_html(title: str, html: str) -> str:
    """A title that opens what other functions of this module made."""
    return f'<details class="more"><summary>{escape(title)}</summary>{html}</details>'


def unfold(title: str, items: Iterable[str]) -> str:
    """A title that opens a list of names."""
    rows = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f'<details class="more"><summary>{escape(title)}</summary><ul class="bullets columns">{rows}</ul></details>'


def month(days: Sequence[str], weeks: Sequence[Sequence[tuple[str, Sequence[tuple[str, bool]]]]], *, about: str) -> str:
    """A month as a table.

    Args:
        days: Short names of the days of the week, in order.
        weeks: Each day of each week: its number (empty outside of the month), and what is on it, with whether it
            goes on from the day before: then it is not written again, only read out.
        about: Which month it is.
    """
    head = "".join(f'<th scope="col">{escape(day)}</th>' for day in days)
    rows = "".join("<tr>" + "".join(_day(number, told) for number, told in week) + "</tr>" for week in weeks)
    return (
        f'<table class="month"><caption>{escape(about)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _day(number: str, told: Sequence[tuple[str, bool]]) -> str:
    entries = "".join(
        f'<span class="{"goes-on" if goes_on else "begins"}">{escape(text)}</span>' for text, goes_on in told
    )
    look = ' class="held"' if told else "" if number else ' class="outside"'
    return f"<td{look}><b>{escape(number)}</b>{entries}</td>"


def stack(parts: list[str]) -> str:
    """Several fragments, one below the other: one element of the page."""
    return f'<div class="stack">{"".join(parts)}</div>'
