"""Draw the icons and the preview picture of links: ``.venv/bin/python scripts/draw_pictures.py``.

Writes into ``dashboard/static``, from our own drawings and the published tables alone:

- ``favicon.ico`` (16, 32 and 48 pixels) and ``icon.png`` (180 pixels) from ``icon.svg``;
- ``preview.png`` (1200 x 630): the name, and the map of linked territories in the colours of the dashboard.

The Chromium that ``scripts/chromium.sh`` finds paints them. Run it again when the icon or the published links change.
"""

from __future__ import annotations

import base64
import io
import subprocess
from itertools import accumulate
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from streamlit import file_util

from dashboard import data
from dashboard.map import style
from dashboard.map.codes import codes_state
from dashboard.map.first import first_mesh, linked_places
from dashboard.map.options import font_address
from dashboard.text import words
from dashboard.web.site_files import PREVIEW_SIZE
from geodata.selection import Filters

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "dashboard" / "static"
ICON_SIZES = (16, 32, 48)
LARGE_ICON = 180
MAP_HEIGHT = 590
"""Height of the map in the preview picture, in pixels."""
COLOURS = 64
"""Colours of the preview picture: flat areas need no more, and messengers ask for small files."""


def draw_map() -> str:
    """The land and the linked territories as SVG, in the plate carrée of the map's data."""
    bundle = data.bundle()
    mesh = first_mesh(bundle)
    (scale_x, scale_y), (left, bottom) = mesh["transform"]["scale"], mesh["transform"]["translate"]
    arcs = [
        list(zip(*(list(accumulate(axis)) for axis in zip(*arc, strict=True)), strict=True)) for arc in mesh["arcs"]
    ]

    def path(rings: list[list[int]]) -> str:
        parts = []
        for ring in rings:
            corners = [corner for arc in ring for corner in (arcs[arc] if arc >= 0 else arcs[~arc][::-1])]
            parts.append("M" + " ".join(f"{x * scale_x + left:.2f},{-(y * scale_y + bottom):.2f}" for x, y in corners))
        return "Z".join(parts) + "Z"

    codes = codes_state(data.plain_catalogue().select(Filters()), by_stage=False)["codes"]
    shapes = "".join(
        f'<path d="{path(rings)}" fill="{style.TERRITORY[codes[place]]["far"]["fillColor"]}" stroke="#fff" '
        f'stroke-width=".03"/>'
        for place, rings in zip(linked_places(bundle), mesh["territories"], strict=True)
    )
    west, south, east, north = -74.2, -34.0, -34.5, 6.0
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" height="{MAP_HEIGHT}" fill-rule="evenodd" '
        f'viewBox="{west} {-north} {east - west} {north - south}">'
        f'<path d="{path(mesh["land"])}" fill="#dfe7e3" stroke="#c3cdcb" stroke-width=".08"/>{shapes}</svg>'
    )


def preview_page() -> str:
    """The preview picture as a page."""
    font = base64.b64encode((Path(file_util.get_static_dir()) / str(font_address()).lstrip("/")).read_bytes()).decode()
    icon = (STATIC / "icon.svg").read_text(encoding="utf-8")
    lines = "".join(f"<p>{words(code).say('Mosaics of protected areas')}</p>" for code in ("pt-br", "fr", "en"))
    width, height = PREVIEW_SIZE
    return f"""<!doctype html><meta charset="utf-8"><style>
        @font-face {{ font-family: "Source Sans"; src: url("data:font/woff2;base64,{font}"); font-weight: 200 900; }}
        body {{ margin: 0; width: {width}px; height: {height}px; overflow: hidden; background: #f1f5f3;
          font-family: "Source Sans", sans-serif; color: #1d2b2a; }}
        main {{ position: absolute; left: 72px; top: 150px; }}
        main > svg {{ width: 128px; height: 128px; }}
        h1 {{ font-size: 92px; font-weight: 650; line-height: 1; margin: 24px 0 22px; }}
        p {{ font-size: 31px; line-height: 1.35; margin: 0; color: #43514f; }}
        .map {{ position: absolute; right: 24px; top: {(height - MAP_HEIGHT) // 2}px; }}
        </style><main>{icon}<h1>mosaicos</h1>{lines}</main><div class="map">{draw_map()}</div>"""


def paint(browser: Browser, html: str, width: int, height: int) -> Image.Image:
    """A page as a picture; transparent where it paints nothing."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_content(html)
    page.evaluate("document.fonts.ready")
    painted = Image.open(io.BytesIO(page.screenshot(omit_background=True)))
    page.close()
    return painted


def icon_page(size: int) -> str:
    """The icon alone."""
    drawn = base64.b64encode((STATIC / "icon.svg").read_bytes()).decode()
    return f'<body style="margin:0"><img src="data:image/svg+xml;base64,{drawn}" width="{size}" height="{size}">'


def save(picture: Image.Image, name: str, **options: Any) -> None:
    """Write a picture and say how large it became."""
    picture.save(STATIC / name, **options)
    print(f"dashboard/static/{name}: {(STATIC / name).stat().st_size / 1000:.1f} kB")


def main() -> None:
    """Draw all of them."""
    chromium = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "chromium.sh"], check=True, capture_output=True, text=True
    ).stdout.strip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        icons = [paint(browser, icon_page(size), size, size) for size in ICON_SIZES]
        save(icons[-1], "favicon.ico", sizes=[(size, size) for size in ICON_SIZES], append_images=icons[:-1])
        save(paint(browser, icon_page(LARGE_ICON), LARGE_ICON, LARGE_ICON), "icon.png", optimize=True)
        preview = paint(browser, preview_page(), *PREVIEW_SIZE).convert("RGB")
        save(preview.quantize(COLOURS, dither=Image.Dither.NONE), "preview.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
