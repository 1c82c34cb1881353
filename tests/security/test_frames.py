"""The frames of components hear nobody but the page around them."""

from __future__ import annotations

import httpx
import pytest

from dashboard.web.frames import GUARD

from .serving import LIMIT_S, Served, open_session

FRAME = "/component/streamlit_folium.st_folium"


@pytest.fixture(autouse=True)
def map_page(served: Served) -> None:
    """The frame is there once a page with a map was made."""
    assert open_session(served.address).status == 101


@pytest.mark.parametrize("path", ["/index.html", "/", "//index.html", "/./index.html"])
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=700-"}, {"Accept-Encoding": "gzip"}])
def test_the_guard_stands_before_all_scripts_of_a_frame(served: Served, path: str, headers: dict[str, str]) -> None:
    found = httpx.get(f"{served.address}{FRAME}{path}", headers={**headers, "If-None-Match": "*"}, timeout=LIMIT_S)
    if path != "/index.html" and found.status_code != 200:
        assert found.status_code in {400, 403, 404}
        return
    assert found.status_code == 200
    assert "etag" not in found.headers
    assert found.content.index(b"<script") == found.content.index(GUARD)


def test_a_frame_still_has_its_script(served: Served) -> None:
    page = httpx.get(f"{served.address}{FRAME}/index.html", timeout=LIMIT_S)
    assert page.status_code == 200
    name = page.text.partition('src="./static/js/')[2].partition('"')[0]
    assert httpx.get(f"{served.address}{FRAME}/static/js/{name}", timeout=LIMIT_S).status_code == 200
