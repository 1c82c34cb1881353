"""The API against its own OpenAPI document: whatever is asked, rightly or wrongly, the answer is as promised."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation import GenerationMode

from dashboard import data
from dashboard.api.app import Api
from dashboard.api.openapi import document

EXAMPLES = 25
"""Per operation: in all some hundreds of requests."""
FILES = {"mosaics.geojson", "mosaics.csv", "agenda.xlsx", "mosaics.fgb", "links.geojsonl"}


def promised() -> dict[str, Any]:
    """The document, but for one rule: OGC API – Features wants the maximum of `limit`, and more than it not refused.

    Of the files only small ones: each is asked for many times.
    """
    changed = copy.deepcopy(document())
    parameters = changed["components"]["parameters"]
    del parameters["limit"]["schema"]["maximum"]
    parameters["file"]["schema"]["enum"] = [one for one in parameters["file"]["schema"]["enum"] if one in FILES]
    return changed


UNTOLD = {"bbox", "datetime", "as_of", "since", "detail", "crs", "format", "decimals", "one_row_per_territory"}
"""Parameters with rules that such a document cannot tell: ends in order, days that are over, what goes together."""

load_all_checks()
accepts_all = CHECKS.get_by_names(["positive_data_acceptance"])
schema = schemathesis.openapi.from_dict(promised())
schema.app = Api()


@pytest.fixture(autouse=True, scope="module")
def loaded() -> None:
    """What the server has at its start."""
    data.bundle()
    data.assets()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_promised(case: Any) -> None:
    answer = case.call_and_validate(excluded_checks=accepts_all)
    if answer.status_code == 400 and case.meta.generation.mode is GenerationMode.POSITIVE:
        assert UNTOLD & set(case.query), answer.text
