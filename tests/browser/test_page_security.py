"""What a browser keeps apart: pages of other ports and sites, frames, and scripts that a page does not name."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from dashboard.web.frames import GUARD
from dashboard.web.headers import COMPONENT_PREFIX, OPENER_HEADER
from geodata.snapshot import Snapshot

from .conftest import Visit

Open = Callable[..., Visit]
LOCAL = "On this computer, role: Admin"
NOTE_VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", (one) =>
  window.violations.push(`${location.pathname} ${one.violatedDirective} ${one.blockedURI} ${one.sample}`));
"""
OPEN_SOCKET = """(address) => new Promise((done) => {
  const socket = new WebSocket(address, "streamlit");
  socket.onopen = () => done("open");
  socket.onclose = () => done("refused");
})"""


def test_a_page_on_another_port_gets_no_session_and_no_frame_with_forms(
    demonstration: tuple[str, Snapshot], visit: Open, other_site: Callable[[str], str]
) -> None:
    address, _ = demonstration
    own = visit(f"{address}/?lang=en")
    expect(own.page.get_by_text(LOCAL)).to_be_visible()

    page = own.page.context.new_page()  # the same browser, with the cookie
    page.goto(other_site(f'<iframe src="{address}/records?lang=en"></iframe>'))
    assert page.evaluate(OPEN_SOCKET, f"{address.replace('http', 'ws', 1)}/_stcore/stream") == "refused"
    refused = page.frames[1]
    assert refused.url.startswith("chrome-error:"), refused.url

    page.goto(other_site(f'<iframe src="{address}/?lang=en&embed=true" width="900" height="900"></iframe>'))
    framed = page.frame_locator("iframe")
    framed.locator("[data-test-script-state='notRunning']").wait_for(state="attached")
    expect(framed.get_by_text("Open the whole page")).to_be_visible()
    assert framed.get_by_text(LOCAL).count() == 0
    assert framed.get_by_text("Record an event").count() == 0
    page.close()


def test_no_page_loads_or_runs_what_its_policy_does_not_name(demonstration: tuple[str, Snapshot], visit: Open) -> None:
    address, _ = demonstration
    visited = visit(f"{address}/?lang=en&mosaic=bocaina", before=lambda page: page.add_init_script(NOTE_VIOLATIONS))
    visited.wait_for_map("bocaina")
    seen = 1
    for section in visited.page.locator("[data-testid=stTopNavSection]").all_inner_texts():
        names = visited.menu(section).all_inner_texts()
        visited.page.keyboard.press("Escape")
        for name in names:
            visited.menu(section).filter(has_text=name).first.click()
            visited.wait_for_run()
            seen += 1
    assert seen >= 14
    assert visited.page.evaluate("window.violations") == []
    assert [frame.evaluate("window.violations") for frame in visited.page.frames if "/component/" in frame.url] in (
        [],
        [[]],
    )


ATTACK = """
<button>Go</button>
<script>
  window.heard = [];
  window.rounds = 0;
  addEventListener("message", (event) => event.data === "owned" && heard.push(event.origin));
  const args = { script: CODE, html: "", header: "", js_links: [], css_links: [], default: {}, height: 1, width: 1,
    id: "x", key: "x" };
  const message = { isStreamlitMessage: true, type: "streamlit:render", args, dfs: [], disabled: false, theme: null };
  document.querySelector("button").onclick = () => (window.opened = open("FRAME"));
  window.again = () => { opened.postMessage(message, "*"); rounds += 1; };
</script>"""
CODE = 'opener.postMessage("owned", "*"); var map_div = { on: function () {}, getBounds: function () { return {}; } };'
ROUNDS = 40


@pytest.mark.parametrize("walls", ["neither", "guard", "header"])
def test_a_page_of_another_site_makes_no_frame_of_ours_run_its_script(
    walls: str, demonstration: tuple[str, Snapshot], visit: Open, other_site: Callable[[str], str]
) -> None:
    address, _ = demonstration
    own = visit(f"{address}/?lang=en")
    context = own.page.context
    frame = f"{address}{COMPONENT_PREFIX}streamlit_folium.st_folium/index.html"

    own.until(lambda: context.request.get(frame).ok)  # the first run of a page makes the component known

    def with_walls(route: Route) -> None:
        answer = route.fetch()
        assert GUARD in answer.body()
        assert OPENER_HEADER.lower() in answer.headers
        body = answer.body() if walls == "guard" else answer.body().replace(GUARD, b"")
        headers = {k: v for k, v in answer.headers.items() if walls == "header" or k != OPENER_HEADER.lower()}
        route.fulfill(response=answer, body=body, headers=headers)

    context.route(frame, with_walls)
    page = context.new_page()
    page.goto(other_site(ATTACK.replace("FRAME", frame).replace("CODE", json.dumps(CODE))))
    with context.expect_page() as opened:
        page.get_by_role("button", name="Go").click()
    opened.value.wait_for_load_state()

    def is_over() -> bool:
        page.evaluate("again()")
        return bool(page.evaluate("heard.length > 0")) or page.evaluate("rounds") >= ROUNDS

    own.until(is_over)
    assert page.evaluate("heard") == ([address] if walls == "neither" else [])
    page.close()
    opened.value.close()
