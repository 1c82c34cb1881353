"""What lies in the future lies in the future for everybody, wherever the server stands."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys

import pytest

from geodata import clock, status, support
from geodata.clock import latest_today
from geodata.status import EventDraft, check_event
from geodata.support import Mission, check_mission

SCRIPT = "import datetime as dt; from geodata.clock import latest_today; print(latest_today(), dt.date.today())"


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "America/Belem", "UTC", "Pacific/Kiritimati"])
def test_the_zone_of_the_server_plays_no_part(zone: str) -> None:
    before = latest_today()
    environment = {**os.environ, "TZ": zone}
    done = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True, env=environment)
    latest, of_the_server = map(dt.date.fromisoformat, done.stdout.split())
    assert before <= latest <= latest_today()
    assert of_the_server <= latest


def test_today_anywhere_on_earth_is_no_future(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 22:00 of Brasília it is tomorrow in Paris."""
    assert clock.latest_today() >= dt.datetime.now(dt.UTC).date()
    there = dt.date.today() + dt.timedelta(days=1)
    for module in (status, support):
        monkeypatch.setattr(module, "latest_today", lambda: there)

    def codes(day: dt.date) -> set[str]:
        event = EventDraft("BR-1600501", "carioca", day, "S2", act_date=day)
        mission = Mission("m", "VSI", "V4", territory_id="BR-1600501", actual_start=day)
        return {one.code for one in (*check_event(event), *check_mission(mission))}

    assert "date-future" not in codes(there)
    assert "date-future" in codes(there + dt.timedelta(days=1))
