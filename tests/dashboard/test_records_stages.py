"""Which stage is shown, and how the map draws it."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest

from dashboard import stages
from dashboard.map import style
from dashboard.text import words
from geodata import symbology
from geodata.model import vocabulary
from geodata.snapshot import LinkRecord

DAY = dt.date(2024, 3, 1)


def record(stage: str, *flags: str) -> LinkRecord:
    return LinkRecord(stage, stage, DAY, DAY, flags, 1)


@pytest.mark.parametrize("flags", [(), *((flag,) for flag in vocabulary("flag")), tuple(vocabulary("flag"))])
@pytest.mark.parametrize("stage", vocabulary("stage"))
def test_the_fill_is_that_of_the_stage_whatever_the_flags(stage: str, flags: tuple[str, ...]) -> None:
    look = style.STAGE[stages.look_of(record(stage, *flags))]
    assert look["far"]["fillColor"] == symbology.STAGES[stage].fill
    assert "fillColor" not in look["near"], "seen close, a stage has the same colour"
    assert look == style.STAGE[stages.look_of(record(stage))]


def test_s0_looks_the_same_with_a_record_or_without() -> None:
    assert stages.look_of(None) == style.NO_RECORD
    assert style.STAGE[style.NO_RECORD] == style.STAGE[stages.look_of(record("S0"))]
    assert {style.NO_RECORD: stages.look_of(record("S0"))} == style.DRAWN_AS


def test_unknown_is_said_as_no_record_and_not_as_no() -> None:
    assert [stages.stage_text(None, words(code)) for code in ("fr", "pt-br", "en")] == [
        "S0 À qualifier, aucun suivi",
        "S0 A qualificar, sem registro",
        "S0 To be assessed, no record",
    ]
    assert stages.stage_text(record("S0"), words("en")) == "S0 To be assessed"


def test_every_look_has_a_style_and_a_name() -> None:
    assert set(stages.look_labels(words("en"))) == set(style.STAGE)
    assert not set(style.STAGE) & set(style.TERRITORY)


def test_the_ramp_darkens_with_every_stage() -> None:
    def luminance(color: str) -> float:
        red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
        return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2

    steps = [luminance(symbol.fill) for stage, symbol in symbology.STAGES.items() if stage != "S0"]
    assert all(lighter > darker + 0.01 for lighter, darker in pairwise(steps))
