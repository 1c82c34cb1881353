"""The filters as the component is told them."""

from __future__ import annotations

import pytest

from dashboard import data
from dashboard.components.facets import SHOWN, facet_data, field_names, value_labels
from dashboard.text import TONGUES, words
from geodata.selection import CHOICES, Filters

EN = words("en")


def told(filters: Filters) -> dict[str, object]:
    return facet_data(filters, data.plain_catalogue().count_left(filters), EN)


def test_every_field_that_is_chosen_from_a_list_is_in_the_panel_but_the_mosaic() -> None:
    assert set(SHOWN) == set(CHOICES) - {"mosaic"}
    assert set(field_names(EN)) == {*CHOICES, "text"}


@pytest.mark.parametrize("language", TONGUES)
def test_every_value_has_a_label_of_its_own(language: str) -> None:
    labels = value_labels(words(language))
    for name, values in data.plain_catalogue().values.items():
        assert list(labels[name]) == values
        assert all(labels[name].values())
        assert len(set(labels[name].values())) == len(values), name


def test_counts_stand_beside_the_values_in_the_language() -> None:
    groups = {one["field"]: one for one in told(Filters(state=("BR-16",)))["groups"]}  # type: ignore[attr-defined, index]
    assert groups["state"]["chosen"] == ["BR-16"]
    counts = {value: count for value, _, count in groups["state"]["options"]}
    assert counts["BR-16"] == "16"
    assert counts["BR-31"] == "853", "what another state would leave, not 0"
    assert {value: count for value, _, count in groups["country"]["options"]} == {"BR": "16", "FR": "0"}
    french = facet_data(Filters(), data.plain_catalogue().count_left(Filters()), words("fr"))
    assert next(count for value, _, count in french["groups"][6]["options"] if value == "BR") == "5 571".replace(
        " ", "\N{NARROW NO-BREAK SPACE}"
    )


def test_each_chosen_value_is_a_chip_that_says_what_is_left_without_it() -> None:
    chips = told(Filters(mosaic=("lagamar",), state=("BR-35", "BR-41"), text="<b>"))["chips"]
    assert chips == [
        {"field": "mosaic", "text": "Mosaic: Lagamar", "rest": []},
        {"field": "state", "text": "State: São Paulo", "rest": ["BR-41"]},
        {"field": "state", "text": "State: Paraná", "rest": ["BR-35"]},
        {"field": "text", "text": "Name or code: <b>", "rest": []},
    ]


def test_the_button_counts_the_fields_of_the_panel() -> None:
    assert told(Filters())["button"] == "Filters"
    assert told(Filters(mosaic=("lagamar",), text="a"))["button"] == "Filters"
    assert told(Filters(state=("BR-35", "BR-41"), grade=("certain",)))["button"] == "Filters (2)"
