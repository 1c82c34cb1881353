"""Proving tables against their contract: columns, kinds, keys, codes, bounds, foreign keys, geometry."""

from __future__ import annotations

import re
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import pandera.pandas as pa
import shapely
from pandera.errors import SchemaErrors

from geodata.crs import COORDINATE_STEP, COUNTRY_BOXES, WGS84
from geodata.errors import ContractError, name_some
from geodata.model import vocabulary
from geodata.tables import TABLES, Column, Table

DATE = r"^\d{4}(-\d{2}(-\d{2})?)?$"
DTYPES = {"text": "str", "date": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}
"""The pandas kind that a contract's kind is compared as."""


def check_table(table: Table, frame: pd.DataFrame) -> None:
    """Prove one table against its own contract.

    Args:
        table: The contract.
        frame: The rows; a GeoDataFrame where the contract has a geometry.

    Raises:
        ContractError: a column, kind, code, bound, key, order or geometry breaks the contract. The message
            names the column, how many rows, and up to five keys.
    """
    if list(frame.columns) != table.column_names:
        raise ContractError(
            f"Table {table.name} has the columns {', '.join(map(str, frame.columns))}; its contract says "
            f"{', '.join(table.column_names)}."
        )
    keys = frame[list(table.key)].astype("str").agg("/".join, axis=1)
    plain = pd.DataFrame({column.name: _plain(frame[column.name], column, table) for column in table.columns})
    schema = pa.DataFrameSchema({column.name: _pandera(column) for column in table.columns})
    try:
        schema.validate(plain, lazy=True)
    except SchemaErrors as error:
        raise ContractError(_sentence(table, keys, error.failure_cases)) from None
    if keys.duplicated().any():
        raise ContractError(f"Table {table.name}: keys stand twice: {name_some(keys[keys.duplicated()].unique())}.")
    in_order = frame.sort_values(list(table.key), ignore_index=True)[list(table.key)]
    if not in_order.equals(frame[list(table.key)].reset_index(drop=True)):
        raise ContractError(f"Table {table.name} is not sorted by {', '.join(table.key)}.")
    if table.geometry is not None:
        _check_geometry(table, gpd.GeoDataFrame(frame), keys)


def check_foreign_keys(frames: Mapping[str, pd.DataFrame]) -> None:
    """Prove that every foreign key of the tables resolves.

    Raises:
        ContractError: a value points to no row; names table, column and up to five values.
    """
    for table in TABLES.values():
        for column, (other, key) in table.foreign_keys.items():
            values = frames[table.name][column].dropna()
            loose = sorted(set(values) - set(frames[other][key]))
            if loose:
                raise ContractError(f"Table {table.name}, {column}: {len(loose)} not in {other}: {name_some(loose)}.")


def check_shares(frames: Mapping[str, pd.DataFrame]) -> None:
    """Prove that overlaps are above zero, no larger than either side, and shares in (0, 1].

    Raises:
        ContractError: names table, column and up to five keys.
    """
    territory = frames["territory"].set_index("territory_id")["computed_area_km2"]
    area = frames["protected_area"].set_index("protected_area_id")["computed_area_ha"].astype("float64") / 100
    mosaic = frames["mosaic"].set_index("mosaic_id")["computed_area_km2"].astype("float64")
    for name, other, sizes, shares in (
        ("territory_area", "protected_area_id", area, ("territory_share", "area_share")),
        ("territory_mosaic", "mosaic_id", mosaic, ("territory_share", "mosaic_share")),
    ):
        frame = frames[name]
        rows = frame[frame["overlap_km2"].notna()]
        overlap = rows["overlap_km2"].astype("float64")
        least = pd.concat([rows["territory_id"].map(territory), rows[other].map(sizes)], axis=1).min(axis=1)
        # both sides are rounded to a square metre, so a whole polygon may exceed its own area by one
        bad = rows[(overlap <= 0) | (overlap > least + 2e-6)]
        if len(bad):
            raise ContractError(
                f"Table {name}, overlap_km2: {len(bad)} values are not above 0 or exceed one side: "
                f"{name_some(bad['territory_id'] + '/' + bad[other])}."
            )
        for share in shares:
            odd = rows[~rows[share].astype("float64").between(0, 1, inclusive="right")]
            if len(odd):
                raise ContractError(f"Table {name}, {share}: {len(odd)} values are not in (0, 1].")


def check_tables(frames: Mapping[str, pd.DataFrame]) -> None:
    """Prove a whole set of tables: each contract, all foreign keys, overlaps and shares.

    Raises:
        ContractError: the first thing that breaks.
    """
    missing = [name for name in TABLES if name not in frames]
    if missing:
        raise ContractError(f"Tables are missing: {name_some(missing)}.")
    for name, table in TABLES.items():
        check_table(table, frames[name])
    check_foreign_keys(frames)
    check_shares(frames)


def _plain(values: pd.Series, column: Column, table: Table) -> pd.Series:
    try:
        if column.kind in {"text", "date"}:
            odd = values.dropna().map(lambda one: not isinstance(one, str))
            if odd.any():
                raise ContractError(f"Table {table.name}, {column.name}: holds values that are no text.")
            return values.astype("str").where(values.notna())
        texts = not pd.api.types.is_numeric_dtype(values) and values.map(lambda one: isinstance(one, str)).any()
        if column.kind in {"integer", "number"} and texts:
            raise ContractError(f"Table {table.name}, {column.name} is not of kind {column.kind}: it holds texts.")
        return values.astype(DTYPES[column.kind])
    except (ValueError, TypeError) as error:
        raise ContractError(f"Table {table.name}, {column.name} is not of kind {column.kind}: {error}.") from error


def _pandera(column: Column) -> pa.Column:
    checks = []
    pattern = DATE if column.kind == "date" else column.pattern
    if pattern is not None:
        whole = re.compile(pattern)  # fullmatch: a `$` would let a line end pass
        checks.append(
            pa.Check(lambda texts: texts.map(lambda one: whole.fullmatch(one) is not None), error=f"match {pattern}")
        )
    if column.codes is not None:
        codes = set(vocabulary(column.codes))
        text = f"be codes of the vocabulary {column.codes}"
        if column.many:
            checks.append(
                pa.Check(lambda values: values.str.split(";").map(lambda many: set(many) <= codes), error=text)
            )
        else:
            checks.append(pa.Check.isin(sorted(codes), error=text))
    if column.kind == "text" and not column.nullable:
        checks.append(pa.Check.str_length(min_value=1, error="not be empty"))
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum, error=f"be at least {column.minimum:g}"))
    if column.maximum is not None:
        checks.append(pa.Check.le(column.maximum, error=f"be at most {column.maximum:g}"))
    return pa.Column(DTYPES[column.kind], checks, nullable=column.nullable)


def _sentence(table: Table, keys: pd.Series, cases: pd.DataFrame) -> str:
    column, check = cases.iloc[0][["column", "check"]]
    rows = cases[(cases["column"] == column) & (cases["check"] == check)]
    must = "not be null" if check == "not_nullable" else str(check)
    if rows["index"].isna().all():
        return f"Table {table.name}, {column}: must {must}."
    places = [keys.iloc[int(place)] for place in rows["index"].dropna().unique()]
    sample = f" (value {_plain_value(rows['failure_case'].iloc[0])!r})" if check != "not_nullable" else ""
    return f"Table {table.name}, {column}: {len(places)} rows must {must}: {name_some(places)}{sample}."


def _plain_value(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _check_geometry(table: Table, frame: gpd.GeoDataFrame, keys: pd.Series) -> None:
    if frame.crs is None or frame.crs != WGS84:
        raise ContractError(f"Table {table.name}: the geometry is not in {WGS84}.")
    shapes = frame.geometry.to_numpy()
    null = shapely.is_missing(shapes)
    if table.geometry == "polygon" and null.any():
        raise ContractError(f"Table {table.name}: {int(null.sum())} rows have no geometry: {name_some(keys[null])}.")
    here, names = shapes[~null], keys[~null]
    types = shapely.get_type_id(here)
    coordinates, owner = shapely.get_coordinates(here, return_index=True)
    grid = coordinates / COORDINATE_STEP
    off_grid = pd.Series(abs(grid - grid.round()).max(axis=1) > 1e-3).groupby(owner).any().to_numpy()
    problems = {
        "no polygons": ~pd.Series(types).isin([3, 6]).to_numpy(),
        "empty": shapely.is_empty(here),
        "three-dimensional": shapely.has_z(here),
        "invalid": ~shapely.is_valid(here),
        f"not rounded to {COORDINATE_STEP:g} degrees": off_grid,
    }
    boxes = shapely.bounds(here)
    for country, (west, south, east, north) in COUNTRY_BOXES.items():
        out = (boxes[:, 0] < west) | (boxes[:, 1] < south) | (boxes[:, 2] > east) | (boxes[:, 3] > north)
        problems[f"outside the box of {country}"] = out & (frame.loc[~null, "country_code"] == country).to_numpy()
    for what, bad in problems.items():
        if bad.any():
            raise ContractError(f"Table {table.name}: {int(bad.sum())} geometries are {what}: {name_some(names[bad])}.")
