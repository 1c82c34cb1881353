"""Take the picture of the map page for the README: ``.venv/bin/python scripts/take_picture.py``.

Starts the dashboard on a free port with the bundled data and without records, opens it in the Chromium that
``scripts/chromium.sh`` finds, and writes ``docs/images/map.png``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "images" / "map.png"
PAGE = "?mosaic=oeste-amapa-norte-para&lang=en"
SIZE = {"width": 1440, "height": 900}
PATIENCE_MS = 60_000


def main() -> None:
    """Serve, open, paint, write."""
    chromium = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "chromium.sh"], check=True, capture_output=True, text=True
    ).stdout.strip()
    with tempfile.TemporaryDirectory() as empty:
        server = subprocess.Popen(
            [sys.executable, "-m", "dashboard.server", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "MOSAICOS_DATABASE_URL": f"sqlite:///{empty}/none.sqlite"},
        )
        try:
            address = server.stdout.readline().split()[4] if server.stdout else ""
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
                page = browser.new_page(viewport=SIZE, locale="en-GB")
                page.goto(f"{address}/{PAGE}")
                frame = page.frame_locator("iframe[title*=folium]")
                painted = frame.locator("body[data-detail='oeste-amapa-norte-para']")
                painted.wait_for(state="attached", timeout=PATIENCE_MS)
                page.locator("[data-test-script-state='notRunning']").wait_for(state="attached", timeout=PATIENCE_MS)
                page.wait_for_timeout(1500)  # the zoom's animation
                TARGET.parent.mkdir(exist_ok=True)
                page.screenshot(path=TARGET)
                browser.close()
        finally:
            server.terminate()
            server.wait(timeout=20)


if __name__ == "__main__":
    main()
