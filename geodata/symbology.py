"""How stages, flags, links and areas are drawn, declared once.

Map, legend, charts, tables, pages and the styles for QGIS take colours and symbols from here. A stage is a fill; a flag
is a symbol that is drawn over it, so a flag never changes the colour of a stage. Labels are those of the vocabularies
``stage`` and ``flag``.

The hues of links are from the palette of Okabe and Ito (2008), stages from S1 on are steps of the ramp viridis: people
with any common colour blindness tell both apart. S0, where nothing has happened yet, is a grey.
"""

from __future__ import annotations

from dataclasses import dataclass

WHITE = "#ffffff"
INK = "#1d2b2a"
LAND, LAND_EDGE = "#f8f9f6", "#c9d1cd"
"""A territory without a link, and its edge."""
CERTAIN, BORDERLINE = "#4bab88", "#a3d8bf"
COUNTERPART, COUNTERPART_BORDERLINE = "#b3608f", "#dcaec6"
LOCAL = "#86b6e4"
"""Fills of the kinds of link."""
CONSERVATION_UNIT, INDIGENOUS_LAND = "#0068a5", "#b84a00"
OUTLINE = "#00412f"


@dataclass(frozen=True)
class StageSymbol:
    """How a stage is drawn.

    Attributes:
        fill: Colour of an area, a bar or a swatch.
        edge: Colour of the line around an area.
        line: Colour of a thin line on white, such as in a chart over time: at least 3:1 against white.
        dashes: Dashes of the edge, as SVG's ``stroke-dasharray``; null for a solid line.
    """

    fill: str
    edge: str
    line: str
    dashes: str | None = None


STAGES: dict[str, StageSymbol] = {
    "S0": StageSymbol("#b7c0bb", "#4f5b58", "#4f5b58", "2 4"),
    "S1": StageSymbol("#90d743", WHITE, "#6d9a12"),
    "S2": StageSymbol("#35b779", WHITE, "#1f9a52"),
    "S3": StageSymbol("#21918c", WHITE, "#15807f"),
    "S4": StageSymbol("#31688e", WHITE, "#31688e"),
    "S5": StageSymbol("#443983", WHITE, "#443983"),
    "S6": StageSymbol("#440154", WHITE, "#440154"),
}
"""By stage. From S1 on, darker is further on."""

FLAG_BOX = 16
"""Width and height of the drawing of a flag, in units of its paths."""
FLAG_FRAME = "M4 1H12A3 3 0 0 1 15 4V12A3 3 0 0 1 12 15H4A3 3 0 0 1 1 12V4A3 3 0 0 1 4 1Z"
"""The frame around every flag: SVG path data. White inside, so that what is in it is seen over every fill."""
FLAG_FRAME_WIDTH, FLAG_LINE_WIDTH = 1.4, 1.9
"""Widths of the lines of the frame and of what is in it; both in `INK`, with round ends."""
FLAGS: dict[str, str] = {
    "NR": "M5.5 6.2A2.5 2.5 0 1 1 8.9 8.5Q8 8.9 8 9.9M8 12.2V12.21",  # a question mark
    "DC": "M5 5L11 11M11 5L5 11",  # a cross
    "ST": "M5.9 4.8V11.2M10.1 4.8V11.2",  # a pause
    "RC": "M11.4 5.6A4 4 0 1 0 12 8.8M11.7 3.4V6H9.1",  # an arrow that goes round
    "WD": "M12 8H4.6M7.8 4.8L4.6 8L7.8 11.2",  # an arrow that leads back
    "OS": "M12 8A4 4 0 1 1 4 8A4 4 0 1 1 12 8ZM5.2 10.8L10.8 5.2",  # a circle that is crossed out
    "CT": "M8 4V8.8M8 11.9V11.91",  # an exclamation mark
}
"""By flag, what is drawn in the frame: SVG path data, stroked."""


def flag_svg(flag: str) -> str:
    """The symbol of a flag as an SVG document.

    Raises:
        KeyError: there is no such flag.
    """
    drawn = f'stroke="{INK}" stroke-linecap="round" stroke-linejoin="round"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {FLAG_BOX} {FLAG_BOX}" '
        f'width="{FLAG_BOX}" height="{FLAG_BOX}">'
        f'<path d="{FLAG_FRAME}" fill="{WHITE}" {drawn} stroke-width="{FLAG_FRAME_WIDTH}"/>'
        f'<path d="{FLAGS[flag]}" fill="none" {drawn} stroke-width="{FLAG_LINE_WIDTH}"/></svg>'
    )
