"""The one way in which the commands write to the terminal: nothing in a text moves its cursor, colours it or forges a
line."""

from __future__ import annotations

import click

from geodata.cleaning import show_controls

BETWEEN = "  "
"""Between the fields of a line."""


def show(*fields: object, err: bool = False, bold: bool = False, nl: bool = True) -> None:
    """Write one line of fields, each with its control characters written out (ESC as ``\\x1b``).

    Args:
        fields: What the line says; names of people, files and providers as they are.
        err: Whether it goes to stderr.
        bold: Whether it stands out.
        nl: Whether the line ends.
    """
    line = BETWEEN.join(show_controls(str(field)) for field in fields)
    click.echo(click.style(line, bold=True) if bold else line, err=err, nl=nl)


def show_document(text: str) -> None:
    """Write a text of several lines, such as CSV or JSON, as it is but for the control characters in its lines."""
    click.echo("\n".join(show_controls(line) for line in text.split("\n")), nl=False)


def rewrite(text: str, *, is_last: bool) -> None:
    """Write over the last line on stderr, to show how far something has come."""
    click.echo(f"\r{show_controls(text)}", nl=is_last, err=True)
