"""A further field of a record is declared in four places, and everything else follows.

A copy of the project gets one optional text field in the schema, the table, a migration and the catalogues, by the
edits that a person would make. The tests of `probe_new_field.py` then run in the copy and find the field everywhere.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("geodata", "dashboard", "pipelines", "scripts", "tests")
LINKED = ("data", "static", "vendor")
"""Folders without code: the copy points at them."""
LABEL = {"fr": "Surnom du partenariat", "pt_BR": "Apelido da parceria"}
MIGRATION = '''"""A field for the test."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    op.add_column("partnership", sa.Column("nickname", sa.Text(), nullable=True))
'''


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's code in a folder of its own."""
    for name in PACKAGES:
        shutil.copytree(
            ROOT / name,
            tmp_path / name,
            ignore=shutil.ignore_patterns("__pycache__", "browser", *LINKED),
        )
    for folder in (one for name in PACKAGES for one in (ROOT / name).rglob("*") if one.is_dir()):
        place = tmp_path / folder.relative_to(ROOT)
        if folder.name in LINKED and place.parent.is_dir() and not place.parent.is_symlink() and not place.exists():
            place.symlink_to(folder, target_is_directory=True)
    for name in ("pyproject.toml", ".streamlit"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, (path.name, before, text.count(before))
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_a_field_that_is_declared_in_four_places_is_everywhere(copy: Path) -> None:
    edit(  # one: the schema
        copy / "geodata/records/schema.py",
        'Field("partnership_name", "text", N_("Name"), is_required=True),',
        'Field("partnership_name", "text", N_("Name"), is_required=True),\n'
        '                Field("nickname", "text", N_("Nickname of the partnership")),',
    )
    edit(  # two: the column
        copy / "geodata/records/models.py",
        "    partnership_name: Mapped[str]\n",
        "    partnership_name: Mapped[str]\n    nickname: Mapped[str | None]\n",
    )
    versions = copy / "geodata/records/migrations/versions"
    texts = [path.read_text(encoding="utf-8") for path in versions.glob("r*.py")]
    revisions = {found[1] for text in texts if (found := re.search(r'^revision = "(\w+)"', text, re.MULTILINE))}
    followed = {found[1] for text in texts if (found := re.search(r'^down_revision = "(\w+)"', text, re.MULTILINE))}
    (head,) = revisions - followed
    (versions / "r9999_nickname.py").write_text(MIGRATION.format(head=head), encoding="utf-8")  # three: the migration
    for locale, label in LABEL.items():  # four: the catalogues
        path = copy / f"geodata/locale/{locale}/LC_MESSAGES/mosaicos.po"
        with path.open("a", encoding="utf-8") as file:
            file.write(f'\nmsgid "Nickname of the partnership"\nmsgstr "{label}"\n')
    probe = copy / "tests/records/probe_new_field.py"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", str(probe)],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout
