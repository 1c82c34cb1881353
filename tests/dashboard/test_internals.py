"""What we use of the inside of other libraries: in one module for each, and named here when it moves."""

from __future__ import annotations

import ast
import inspect
import io
from pathlib import Path

import pytest
import xlsxwriter
from openpyxl.reader.excel import ExcelReader
from streamlit import logger, net_util
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.runtime.secrets import Secrets
from streamlit.runtime.state.session_state import SessionState
from streamlit.web.server.starlette import starlette_websocket

from geodata.records.exchange.openpyxl_internals import open_workbook

ROOT = Path(__file__).resolve().parents[2]
INSIDE = (
    "streamlit.runtime",
    "streamlit.web",
    "streamlit.proto",
    "streamlit.elements",
    "streamlit.net_util",
    "streamlit.logger",
    "openpyxl.reader",
    "openpyxl.xml",
    "openpyxl.cell.text",
)
"""Modules of other libraries that their documentation does not offer."""
MODULES = {"dashboard/web/streamlit_internals.py", "geodata/records/exchange/openpyxl_internals.py"}


def imported(path: Path) -> set[str]:
    """The full names of all that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{one.name}" for one in node.names}
    return found


def test_the_inside_of_a_library_is_imported_by_its_module_alone() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for folder in ("dashboard", "geodata", "pipelines")
        for path in (ROOT / folder).rglob("*.py")
        if any(name.startswith(INSIDE) or "._" in name.replace(".__", "") for name in imported(path))
    }
    assert users == MODULES


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (net_util, "get_external_ip", []),
        (net_util, "get_internal_ip", []),
        (logger, "setup_formatter", ["logger"]),
        (logger, "update_formatter", []),
        (SessionState, "set_widgets_from_proto", ["self", "widget_states"]),
        (Runtime, "get_client", ["self", "session_id"]),
        (Secrets, "load_if_toml_exists", ["self"]),
        (starlette_websocket, "_get_signed_cookie_with_chunks", ["cookies", "cookie_name"]),
        (ExcelReader, "read_strings", ["self"]),
        (ExcelReader, "read", ["self"]),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_function_that_we_change_or_call_is_where_it_was(owner: object, name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


def test_a_run_of_a_page_tells_what_we_ask_it() -> None:
    assert {"cursors", "is_history_navigation", "session_id"} <= set(ScriptRunContext.__dataclass_fields__)
    assert hasattr(SessionState(), "_old_state")


def test_shared_texts_of_a_workbook_are_read_as_they_are_written() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.add_worksheet().write_string("A1", "_x000D_")  # its writer escapes what would read as an escape
    read = open_workbook(content.getvalue())
    assert read.worksheets[0]["A1"].value == "_x005F_x000D_"
    read.close()
