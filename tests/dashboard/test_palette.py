"""The map's colours and lines for everybody's eyes: looks that must be told apart differ by colour or by pattern.

How colours are seen by people without one kind of cone is simulated with the matrices of Machado, Oliveira and
Fernandes (2009), difference is CIEDE2000, both as ColorAide computes them.
"""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from coloraide import Color

from dashboard.map import style
from geodata.model import vocabulary
from geodata.symbology import FLAGS, STAGES, flag_svg

LEAST_DIFFERENCE = 5.0
"""CIEDE2000. From about 2 on two colours are seen to differ at a glance."""
LEAST_LINE_CONTRAST = 3.0
"""WCAG 2.2, 1.4.11: parts of a picture that are needed to understand it."""
SIGHTS = ("normal", "protan", "deutan", "tritan")
BY_LINK = style.TERRITORY
BY_STAGE = {code: look for code, look in {**style.STAGE, **style.PLAIN}.items() if code not in style.DRAWN_AS}


def seen(color: str, sight: str) -> Color:
    """A colour as people of one kind of sight see it."""
    if sight == "normal":
        return Color(color)
    return Color(color).filter(sight, method="machado").fit("srgb")


def contrast(one: str, other: str) -> float:
    return float(Color(one).contrast(other, method="wcag21"))


def at(looks: dict[str, dict[str, style.Style]], distance: str) -> dict[str, style.Style]:
    """The styles of the country view (``far``) or of a mosaic seen close (``near``)."""
    return {code: {**look["far"], **(look["near"] if distance == "near" else {})} for code, look in looks.items()}


def is_told_by_pattern(one: style.Style, other: style.Style) -> bool:
    """Whether lines differ: in dashes, or clearly in how dark they are."""
    same_dashes = (one.get("dashArray") or "") == (other.get("dashArray") or "")
    return not same_dashes or contrast(one["color"], other["color"]) >= LEAST_LINE_CONTRAST


def test_the_simulation_by_hand() -> None:
    # Machado et al. 2009, protanopia: the column of red of the matrix, in linear light
    red = Color("srgb-linear", [1, 0, 0]).filter("protan", method="machado").convert("srgb-linear")
    assert [red[name] for name in ("r", "g", "b")] == pytest.approx([0.152286, 0.114503, -0.003882], abs=1e-5)
    # test data of Sharma, Wu and Dalal (2005), pair 1
    first, second = (Color("lab-d65", lab) for lab in ([50, 2.6772, -79.7751], [50, 0, -82.7485]))
    assert first.delta_e(second, method="2000") == pytest.approx(2.0425, abs=1e-4)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("distance", ["far", "near"])
@pytest.mark.parametrize("looks", [BY_LINK, BY_STAGE], ids=["by-link", "by-stage"])
def test_looks_are_told_apart_by_every_eye(looks: dict[str, dict[str, style.Style]], distance: str, sight: str) -> None:
    alike = []
    for (one, first), (other, second) in combinations(at(looks, distance).items(), 2):
        fills = [seen(look["fillColor"], sight) for look in (first, second)]
        difference = fills[0].delta_e(fills[1], method="2000")
        if difference < LEAST_DIFFERENCE and not is_told_by_pattern(first, second):
            alike.append(f"{one}{other} {difference:.1f}")
    assert alike == []


@pytest.mark.parametrize("sight", SIGHTS)
def test_in_the_country_view_fills_alone_tell_links_apart(sight: str) -> None:
    fills = {code: seen(look["fillColor"], sight) for code, look in at(BY_LINK, "far").items()}
    differences = {a + b: fills[a].delta_e(fills[b], method="2000") for a, b in combinations(fills, 2)}
    assert min(differences.values()) >= LEAST_DIFFERENCE, min(differences, key=lambda pair: differences[pair])


@pytest.mark.parametrize("code", style.LINK)
def test_edges_of_linked_territories_stand_out_when_seen_close(code: str) -> None:
    look = at(style.LINK, "near")[code]
    for ground in (look["fillColor"], style.LAND):
        assert contrast(look["color"], ground) >= LEAST_LINE_CONTRAST


def test_every_grade_of_a_link_has_a_pattern_of_its_own() -> None:
    dashes = {code: look["dashArray"] for code, look in at(style.LINK, "near").items()}
    assert dashes["C"] is None
    assert dashes["G"] is None
    assert len({dashes["B"], dashes["H"], dashes["L"], None}) == 4


@pytest.mark.parametrize("ground", [style.LAND, *(at(style.TERRITORY, "near")[code]["fillColor"] for code in "CBL")])
@pytest.mark.parametrize("line", [*style.AREA.values(), style.OUTLINE["chosen"], style.LOCAL_BOUNDARY, style.SELECTED])
def test_lines_over_territories_stand_out(line: style.Style, ground: str) -> None:
    assert contrast(line["color"], ground) >= LEAST_LINE_CONTRAST


@pytest.mark.parametrize("line", [style.STATE_LINE, style.COUNTRY_LINE, *style.OUTLINE.values()])
def test_borders_and_outlines_stand_out_from_the_land(line: style.Style) -> None:
    assert contrast(line["color"], style.LAND) >= LEAST_LINE_CONTRAST


def test_outlines_stand_out_from_certain_territories_of_the_country_view() -> None:
    fill = at(style.TERRITORY, "far")["C"]["fillColor"]
    assert contrast(style.OUTLINE["whole"]["color"], fill) >= LEAST_LINE_CONTRAST


def test_marks_of_support_differ_in_shape_and_are_black_on_white() -> None:
    shapes = {
        word: [(disc["radius"], disc["fillColor"], disc.get("dashArray")) for disc in discs]
        for word, discs in style.SUPPORT.items()
    }
    assert len({str(shape) for shape in shapes.values()}) == 3
    discs = [disc for discs in style.SUPPORT.values() for disc in discs]
    used = {disc[name] for disc in discs for name in ("color", "fillColor") if name in disc}
    assert used == {style.INK, "#ffffff"}


def test_symbols_of_flags_differ_and_are_black_on_white() -> None:
    assert len(set(FLAGS.values())) == len(FLAGS) == len(vocabulary("flag"))
    for flag in FLAGS:
        assert set(re.findall(r"#[0-9a-f]{6}", flag_svg(flag))) == {style.INK, "#ffffff"}


@pytest.mark.parametrize("stage", STAGES)
def test_lines_of_stages_in_charts_stand_out_from_white(stage: str) -> None:
    assert contrast(STAGES[stage].line, "#ffffff") >= LEAST_LINE_CONTRAST


@pytest.mark.parametrize("sight", SIGHTS)
def test_neighbouring_stages_are_told_apart_by_every_eye_by_their_fill_alone(sight: str) -> None:
    for (one, first), (other, second) in combinations(STAGES.items(), 2):
        for fills in ((first.fill, second.fill), (first.line, second.line)):
            assert seen(fills[0], sight).delta_e(seen(fills[1], sight), method="2000") >= LEAST_DIFFERENCE, one + other


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("#1d2b2a", "#ffffff"),
        ("#3b4a49", "#ffffff"),
        ("#4a5957", "#ffffff"),
        ("#6b7876", "#ffffff"),
        ("#3b4a49", "#f7faf8"),
        ("#4a5957", "#f7faf8"),
        ("#0a5f73", "#ffffff"),
        ("#004a37", "#d5efe5"),
        ("#00543e", "#ffffff"),
        ("#642c4c", "#f6e6ee"),
        ("#1d2b2a", "#fdf0e8"),
        ("#5b6a67", "#f1f5f3"),
    ],
)
def test_text_on_the_map_and_beside_it_keeps_the_contrast_of_wcag_aa(text: str, ground: str) -> None:
    assert contrast(text, ground) >= 4.5


def test_contrast_by_hand() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
