"""Our own components: a script and a style sheet in `dashboard/static`, mounted on a page and told one thing.

Script and style sheet are files that a browser fetches once. What a component is told goes as JSON bytes, which
Streamlit hands on as they are; of a mapping it would look at each value for a table, and write it more slowly.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import streamlit as st

from dashboard.assets import component_file, own_address

LOADER = Path(__file__).parents[1] / "static" / "loader.js"


def own_component(name: str) -> Callable[..., None]:
    """Register ``mosaicos_<name>``, one of `dashboard.assets.COMPONENTS`.

    Returns:
        What shows it. Its first argument is what the script is told, packed or not (`pack`). `key` is the key of the
        widget, each ``on_<event>_change`` is called before the rerun.
    """
    address = json.dumps(own_address(component_file(name)))
    mount = st.components.v2.component(
        f"mosaicos_{name}",
        html=f'<div class="{name}"></div>',
        js=f"const address = {address};\n{LOADER.read_text(encoding='utf-8')}",
    )

    def show(told: Any, *, key: str, **on_change: Callable[[], None]) -> None:
        callbacks: dict[str, Any] = {**on_change}
        mount(data=told if isinstance(told, bytes) else pack(told), key=key, **callbacks)

    return show


def pack(told: Any) -> bytes:
    """What a script is told, as JSON: dataclasses, mappings, sequences, texts and numbers."""
    return orjson.dumps(told)
