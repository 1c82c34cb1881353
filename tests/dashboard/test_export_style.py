"""The style for QGIS in a package has the colours of the map: the two are kept apart, and equal."""

from __future__ import annotations

from dashboard.map import style
from dashboard.stages import FLAG_LOOKS
from geodata.export import qml


def fill(looks: dict[str, dict[str, style.Style]], code: str) -> str:
    return str(looks[code]["far"]["fillColor"])


def test_links_have_the_colours_of_the_map() -> None:
    wanted = (style.CERTAIN, style.BORDERLINE, style.COUNTERPART, style.COUNTERPART_BORDERLINE, style.LOCAL)
    assert tuple(fill(style.LINK, one) for one in wanted) == (
        qml.CERTAIN, qml.BORDERLINE, qml.COUNTERPART, qml.COUNTERPART_BORDERLINE, qml.LOCAL
    )  # fmt: skip
    assert fill(style.PLAIN, style.NOT_LINKED) == qml.LAND
    assert style.PLAIN[style.NOT_LINKED]["near"]["color"] == qml.LAND_EDGE


def test_stages_have_the_colours_of_the_map() -> None:
    assert tuple(fill(style.STAGE, str(rank)) for rank in range(7)) == qml.STAGES
    assert fill(style.STAGE, style.NO_RECORD) == qml.NO_RECORD
    shown = {flag: fill(style.STAGE, look) for flag, look in FLAG_LOOKS}
    assert shown == {"WD": qml.WITHDREW, "DC": qml.DECLINED, "NR": qml.NO_ANSWER}
    told = [look.condition for look in qml._stage_looks("en")]
    order = [next(at for at, one in enumerate(told) if f"%{flag}%" in one) for flag, _ in FLAG_LOOKS]
    assert order == sorted(order), "the strongest flag first, as on the map"


def test_areas_and_outlines_have_the_colours_of_the_map() -> None:
    assert style.AREA[style.CONSERVATION_UNIT]["fillColor"] == qml.CONSERVATION_UNIT
    assert style.AREA[style.INDIGENOUS_LAND]["fillColor"] == qml.INDIGENOUS_LAND
    assert style.OUTLINE["whole"]["fillColor"] == style.OUTLINE["incomplete"]["fillColor"] == qml.OUTLINE
    assert style.INK == qml.INK
