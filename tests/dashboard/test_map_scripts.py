"""Our scripts of the map give Leaflet elements with text in them, never HTML: it shows any text as HTML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SINKS = re.compile(
    r"(?:\.(?:bindPopup|bindTooltip|setContent|setTooltipContent|setPopupContent|addAttribution|setPrefix|"
    r"insertAdjacentHTML)\(|(?:inner|outer)HTML\s*=|html:)\s*(?P<given>[^;\n]*)"
)
"""Where Leaflet or the browser reads a text as HTML."""
SAFE = (
    "box)",  # an element that is filled with textContent
    "tip(",  # makes such an element
    "asText(",  # escapes
    "false)",
    '"',  # a text of the script itself
)


def unsafe_lines(script: str) -> list[str]:
    """Uses of a sink that are given anything but an element or an escaped text."""
    return [found[0] for found in SINKS.finditer(script) if not found["given"].startswith(SAFE)]


def test_no_script_of_ours_hands_over_html(project_root: Path) -> None:
    scripts = [path for folder in ("map", "static") for path in (project_root / "dashboard" / folder).glob("*.js")]
    written = {path.name: path.read_text(encoding="utf-8") for path in scripts}
    assert sum(len(SINKS.findall(text)) for text in written.values()) >= 5
    assert {name: unsafe_lines(text) for name, text in written.items() if unsafe_lines(text)} == {}


@pytest.mark.parametrize(
    "line", ["layer.bindPopup(name);", "tip.setContent(`<b>${name}</b>`)", "one.innerHTML = name;", "{ html: text }"]
)
def test_a_text_that_is_read_as_html_is_found(line: str) -> None:
    assert unsafe_lines(line)
