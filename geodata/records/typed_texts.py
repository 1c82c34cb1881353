"""Texts that people typed, in all tables: which of them name a person, and how one of them is erased.

An erasure deletes a person and blanks notes and the history by itself. A name in any other text stays until somebody
has looked at it: a place may be called like a person, and a source must not become empty by mistake.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from geodata.errors import UnknownIdError
from geodata.records import schema
from geodata.records.database import reading, retried, writing
from geodata.records.errors import ConflictError, InvalidRecordError
from geodata.records.models import Account, AuditLog, Base, EventNote, LinkStatus, Person, PersonErasure, type_of
from geodata.records.roles import Actor, require, require_writer
from geodata.records.writes import BLANK, blank_audit, write_audit
from geodata.search import fold
from geodata.search import nearest as nearest_of

MIN_LETTERS = 3
"""Shortest word of a name that is looked for alone."""
SMALL_WORDS = frozenset(
    {
        "and",
        "aux",
        "bin",
        "dal",
        "das",
        "del",
        "der",
        "des",
        "dit",
        "dona",
        "dos",
        "dra",
        "filho",
        "ibn",
        "junior",
        "las",
        "les",
        "los",
        "mac",
        "madame",
        "madre",
        "maitre",
        "mestre",
        "monsieur",
        "neta",
        "neto",
        "padre",
        "pere",
        "prof",
        "san",
        "santa",
        "santo",
        "sao",
        "senhor",
        "senhora",
        "sir",
        "sobrinho",
        "sra",
        "the",
        "van",
        "von",
    }
)
"""Words of three letters or more that stand in many names and texts and name nobody alone: particles, titles,
generations."""
TYPED = frozenset(
    {"contact", "erased_why", "file_name", "function", "label", "person_name", "withdrawn_why", "written"}
).union(*(kind.of_type(*schema.TYPED) for kind in schema.KINDS.values()))
"""Columns that people write into. A word alone is looked for in these, not in ids and codes: a mosaic may be called
like a person. A whole name is looked for in every column."""
ERASED = "[…]"
"""What stands in place of an erased text, in every language; a trigger of migration 0008 lets an event take it."""
OWN_WAY = frozenset({AuditLog, LinkStatus})
"""Tables that are not looked through: the history is blanked with the erasure, states are computed."""
FIXED = frozenset({Account, Person, PersonErasure})
"""Tables of which no text is erased here: accounts are renamed or closed, other persons changed or erased as such, and
a tombstone stays."""


@dataclass(frozen=True)
class Mention:
    """A text that names a person.

    Attributes:
        table_name: Its table.
        row_id: The key of its row; the parts of a key of several columns with ``/`` between.
        column: Its column.
        text: What it says.
        is_whole: Whether it holds the whole name or the contact; otherwise one word of the name, which may be
            somebody else's.
        territory_id: The territory of the row; null for none.
        mosaic_id: The mosaic of the row; null for none.
    """

    table_name: str
    row_id: str
    column: str
    text: str
    is_whole: bool
    territory_id: str | None = None
    mosaic_id: str | None = None

    @property
    def goes_with_erasure(self) -> bool:
        """Whether the erasure of the person blanks it by itself."""
        return self.table_name == EventNote.__tablename__ and self.column == EventNote.note.key

    @property
    def can_be_erased(self) -> bool:
        """Whether `erase_text` takes it."""
        return all(self.table_name != table.__tablename__ for table in FIXED)


def whole_names(person_name: str, contact: str | None = None) -> frozenset[str]:
    """Name and contact, folded, as a text is searched for them. One short word would be found everywhere."""
    return frozenset(word for text in (person_name, contact or "") if len(word := fold(text)) > MIN_LETTERS)


def words_of_name(person_name: str) -> frozenset[str]:
    """The words of a name that point at the person alone, folded: given names and surnames.

    Returns:
        Words of `MIN_LETTERS` letters or more that are not among `SMALL_WORDS`.
    """
    return frozenset(
        word
        for word in fold(person_name).split()
        if len(word) >= MIN_LETTERS and word not in SMALL_WORDS and not word.isdigit()
    )


def mentions(text: str, names: Collection[str]) -> bool:
    """Whether a text holds one of these folded names as whole words, blind to accents, case and punctuation."""
    padded = f" {fold(text)} "
    return any(f" {name} " in padded for name in names)


def find_name(engine: Engine, actor: Actor, person_name: str, contact: str | None = None) -> list[Mention]:
    """The texts of all tables that name somebody, whoever keeps a record of that person; the history is left out.

    Args:
        engine: The database.
        actor: An admin.
        person_name: The name.
        contact: How the person is reached.

    Returns:
        Those with the whole name or the contact first, then by table and row.

    Raises:
        ConflictError: neither is long enough to be looked for.
        PermissionDenied: the actor is no admin.
    """
    require(actor, "admin", "look for a person's name")
    whole, words = whole_names(person_name, contact), words_of_name(person_name)
    if not whole | words:
        raise InvalidRecordError.of("name-short", "person_name")
    with reading(engine) as connection:
        return find_mentions(connection, whole, words)


def find_mentions(
    connection: Connection, whole: Collection[str], words: Collection[str], *, person_ref: str | None = None
) -> list[Mention]:
    """The texts that hold one of these folded names, or one of the words in a column that people write into.

    Args:
        connection: An open transaction.
        whole: Whole names and contacts.
        words: Words of names.
        person_ref: The person whose own row is passed over.

    Returns:
        As `find_name`.
    """
    found = [
        mention
        for table in Base.metadata.sorted_tables
        if all(table is not one.__table__ for one in OWN_WAY)
        for mention in _mentions_in(connection, table, whole, words, person_ref)
    ]
    return sorted(found, key=lambda one: (not one.is_whole, one.table_name, one.row_id, one.column))


def text_columns(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns of a table that can hold a typed text."""
    return [column for column in table.columns if isinstance(column.type, sa.Text | sa.JSON)]


def _mentions_in(
    connection: Connection, table: sa.Table, whole: Collection[str], words: Collection[str], person_ref: str | None
) -> Iterator[Mention]:
    columns = text_columns(table)
    if not columns:
        return
    of = table.c
    places = [of[name] for name in ("territory_id", "mosaic_id") if name in of]
    keys = list(table.primary_key.columns)
    query = sa.select(*keys, *places, *(column for column in columns if column not in keys))
    is_person = table is Person.__table__
    if is_person and person_ref is not None:
        query = query.where(of.person_ref != person_ref)
    query = query.where(sa.or_(*(column.is_not(None) for column in columns)))
    for row in connection.execute(query.execution_options(yield_per=5000)).mappings():
        for column in columns:
            text = _as_text(row[column.name])
            is_whole = mentions(text, whole)
            if is_whole or (not is_person and column.name in TYPED and mentions(text, words)):
                yield Mention(
                    table.name,
                    "/".join(str(row[key.name]) for key in keys),
                    column.name,
                    text,
                    is_whole,
                    row.get("territory_id"),
                    row.get("mosaic_id"),
                )


def _as_text(value: Any) -> str:
    """A value as it is searched: of an object its values, without the names of its fields."""
    if isinstance(value, dict):
        return "; ".join(_as_text(one) for one in value.values())
    return "" if value is None else str(value)


@retried
def erase_text(engine: Engine, actor: Actor, table_name: str, row_id: str, column: str) -> bool:
    """Erase one typed text: here and in what the history says of its row. The record stays.

    `ERASED` stands in its place; an address becomes empty.

    Args:
        engine: The database.
        actor: An admin.
        table_name: Table of the text.
        row_id: Key of its row, as `Mention` has it.
        column: Its column, one of `TYPED`.

    Returns:
        Whether there was a text.

    Raises:
        UnknownIdError: there is no such table, column or row.
        ConflictError: texts of this table are not erased here.
        PermissionDenied: the actor may not.
    """
    require(actor, "admin", "erase a text")
    models = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
    model = models.get(table_name)
    if model is None:
        raise UnknownIdError("table", table_name, nearest_of(table_name, models))
    if model in FIXED | OWN_WAY:
        raise ConflictError("text-fixed")
    table: sa.Table = model.__table__
    known = [one.name for one in text_columns(table) if one.name in TYPED]
    if column not in known:
        raise UnknownIdError("column of typed text", column, nearest_of(column, known))
    keys = list(table.primary_key.columns)
    parts = row_id.split("/", len(keys) - 1)
    of = table.c[column]
    blank: Any = BLANK if isinstance(of.type, sa.JSON) else None if column == "address" else ERASED
    with writing(engine) as connection:
        require_writer(connection, actor, "admin", "erase a text")
        if len(parts) != len(keys):
            raise UnknownIdError(table_name.replace("_", " "), row_id)
        which = sa.and_(
            *(
                key == (int(part) if isinstance(type_of(key), sa.Integer) and part.isdigit() else part)
                for key, part in zip(keys, parts, strict=True)
            )
        )
        row = connection.execute(sa.select(*table.columns).where(which).with_for_update()).one_or_none()
        if row is None:
            raise UnknownIdError(table_name.replace("_", " "), row_id)
        if getattr(row, column) in (None, blank):
            return False
        connection.execute(sa.update(table).where(which).values({column: blank}))
        blank_audit(connection, sa.and_(AuditLog.table_name == table_name, AuditLog.row_id == row_id[:64]))
        write_audit(connection, actor, "erase", model, row_id[:64], before=None, after=BLANK, row=row)
    return True


def as_plain(found: Mention) -> dict[str, Any]:
    """A mention ready for JSON."""
    plain: dict[str, Any] = orjson.loads(orjson.dumps(vars(found)))
    return plain
