"""Feature tables: their columns are joined to a dataset by keys, and as of a time.

Everything is checked before anything is joined, and each row of the dataset finds one row of the
feature table or none, so that a join can neither lose nor double rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trialbook._words import listed, plural
from trialbook.compat.databricks._dataset import resolve
from trialbook.data import Guardrail
from trialbook.errors import DataError, OptionError, nearest
from trialbook.tables import Storage, read_table, storage_of
from trialbook.tables.plain import shown
from trialbook.tables.text import detect_format, parse

PLACE = "argument feature_store_lookups"
KEYS = ("table_name", "lookup_key", "timestamp_lookup_key", "primary_keys", "timestamp_key")
_WORDS = {
    Storage.NUMBER: "numbers",
    Storage.BOOL: "booleans",
    Storage.STRING: "text",
    Storage.DATETIME: "times",
    Storage.NESTED: "lists or objects",
}


@dataclass(frozen=True)
class Lookup:
    """One feature table and how its rows are found.

    Parameters
    ----------
    table : str
        Its name.
    keys : tuple of str
        Columns of the dataset, without the time.
    primary : tuple of str
        Columns of the feature table, in the same order.
    time : str, optional
        Column of the dataset: the features are those that were known then.
    own_time : str, optional
        The feature table's column of times.
    """

    table: str
    keys: tuple[str, ...]
    primary: tuple[str, ...]
    time: str | None
    own_time: str | None


def read_lookup(asked: Mapping[str, Any]) -> Lookup:
    """Read one element of ``feature_store_lookups``.

    Parameters
    ----------
    asked : mapping
        ``table_name``, ``lookup_key`` (one name or several), ``timestamp_lookup_key``; where the
        feature table has other names for them, ``primary_keys`` and ``timestamp_key``.

    Returns
    -------
    Lookup

    Raises
    ------
    OptionError
        If something is lacking, unknown or does not fit together.
    """
    if not isinstance(asked, Mapping):
        raise OptionError("a lookup is a dict", place=PLACE, remedy=f"Its keys: {listed(KEYS)}.")
    for name in asked:
        if name not in KEYS:
            raise OptionError(
                f"unknown key '{name}' of a lookup", place=PLACE, remedy=nearest(name, KEYS)
            )
    table, time = asked.get("table_name"), asked.get("timestamp_lookup_key")
    keys = _names(asked.get("lookup_key"))
    if not isinstance(table, str) or not (keys or time):
        raise OptionError(
            "a lookup needs 'table_name' and 'lookup_key'",
            place=PLACE,
            remedy="Name the feature table, and the columns of the dataset that are its keys.",
        )
    primary = _names(asked.get("primary_keys")) or keys
    if len(primary) != len(keys):
        raise OptionError(
            f"the lookup in '{table}' has {len(keys)} keys and {len(primary)} primary keys",
            place=PLACE,
            remedy="Give both in the same order.",
        )
    # The time may be named among the keys, too: it is one of the table's primary keys.
    pairs = [(one, own) for one, own in zip(keys, primary, strict=True) if one != time]
    as_key = next((own for one, own in zip(keys, primary, strict=True) if one == time), time)
    own_time = asked.get("timestamp_key") or as_key
    return Lookup(table, tuple(k for k, _ in pairs), tuple(p for _, p in pairs), time, own_time)


def join(
    dataset: pd.DataFrame, lookups: Sequence[Mapping[str, Any]], workspace: str
) -> tuple[pd.DataFrame, tuple[Guardrail, ...]]:
    """Add the columns of feature tables to a dataset.

    Parameters
    ----------
    dataset : DataFrame
        Normalised.
    lookups : sequence of mapping
        See `read_lookup`.
    workspace : str
        Folder whose catalogue has the tables.

    Returns
    -------
    table : DataFrame
        The same rows in the same order, with more columns.
    guardrails : tuple of Guardrail
        What each lookup found.

    Raises
    ------
    OptionError
        If a lookup is not one, or names columns that the dataset lacks.
    DataError
        If a feature table is not there, or does not fit.
    """
    notes: tuple[Guardrail, ...] = ()
    for lookup in map(read_lookup, lookups):
        found = resolve(lookup.table, workspace, "feature_store_lookups")
        features = found.whole()
        _check(lookup, dataset, features)
        position = _positions(lookup, dataset, features)
        used = [*lookup.primary, *([lookup.own_time] if lookup.own_time else [])]
        added = features.drop(columns=used).reset_index(drop=True)
        joined = added.reindex(np.where(position < 0, len(added), position))
        dataset = pd.concat([dataset, joined.set_axis(dataset.index)], axis=1)
        # Whole numbers with gaps are no longer whole, and so on: in plain storages again.
        dataset = read_table(dataset)
        notes += (_note(lookup, added.columns, int((position < 0).sum()), len(position)),)
    return dataset, notes


def _names(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _check(lookup: Lookup, dataset: pd.DataFrame, features: pd.DataFrame) -> None:
    """Refuse keys that are not there or are of different types, and names that clash."""
    for name in (*lookup.keys, *([lookup.time] if lookup.time else [])):
        if name not in dataset.columns:
            raise OptionError(
                f"the dataset has no column '{name}' to look up in '{lookup.table}'",
                place=PLACE,
                remedy=nearest(name, dataset.columns),
            )
    for name in (*lookup.primary, *([lookup.own_time] if lookup.own_time else [])):
        if name not in features.columns:
            other = "timestamp_key" if name == lookup.own_time else "primary_keys"
            raise DataError(
                f"the feature table '{lookup.table}' has no key column '{name}'",
                place=PLACE,
                remedy=f'{nearest(name, features.columns)} Name it with "{other}".',
            )
    for key, own in zip(lookup.keys, lookup.primary, strict=True):
        ours, theirs = storage_of(dataset[key]), storage_of(features[own])
        if ours is not theirs:
            raise DataError(
                f"the key '{key}' holds {_WORDS[ours]} in the dataset and {_WORDS[theirs]} in the"
                f" feature table '{lookup.table}'",
                place=PLACE,
                remedy="Convert one of them, so that equal keys are equal.",
            )
    own_keys = {*lookup.primary, lookup.own_time}
    clash = [name for name in features if name not in own_keys and name in dataset.columns]
    if clash:
        raise DataError(
            f"the feature table '{lookup.table}' and the dataset both have the column"
            f" '{clash[0]}'",
            place=PLACE,
            remedy="Rename it in one of them, or leave it out.",
        )


def _positions(
    lookup: Lookup, dataset: pd.DataFrame, features: pd.DataFrame
) -> np.ndarray[Any, Any]:
    """The row of the feature table that each row of the dataset finds; -1 for none."""
    ours, theirs = _codes(dataset, lookup.keys, features, lookup.primary)
    left, right = pd.DataFrame({"key": ours}), pd.DataFrame({"key": theirs})
    left["row"], right["position"] = np.arange(len(left)), np.arange(len(right))
    by = ["key"]
    if lookup.time is not None and lookup.own_time is not None:
        left["time"] = _times(dataset[lookup.time], "the dataset").to_numpy()
        right["time"] = _times(features[lookup.own_time], f"'{lookup.table}'").to_numpy()
        if left["time"].dtype != right["time"].dtype:
            raise DataError(
                f"'{lookup.time}' and '{lookup.own_time}' of the feature table '{lookup.table}'"
                " are not both times or both numbers",
                place=PLACE,
                remedy="Convert one of them.",
            )
        by = ["key", "time"]
    left, right = left[left["key"] >= 0].dropna(), right[right["key"] >= 0].dropna()
    _check_unique(lookup, features, right, by)
    if len(by) == 1:
        matched = left.merge(right, on="key", how="left", validate="many_to_one")
    else:
        matched = pd.merge_asof(
            left.sort_values("time", kind="stable"),
            right.sort_values("time", kind="stable"),
            on="time",
            by="key",
        )
    found = np.full(len(dataset), -1)
    found[matched["row"]] = matched["position"].fillna(-1).astype(int)
    return found


def _codes(
    dataset: pd.DataFrame, keys: Sequence[str], features: pd.DataFrame, primary: Sequence[str]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Keys of both tables as whole numbers; -1 where a part of the key is missing."""
    n = len(dataset)
    if not keys:
        return np.zeros(n, dtype=int), np.zeros(len(features), dtype=int)
    ours, theirs = dataset[[*keys]], features[[*primary]].set_axis([*keys], axis=1)
    parts = [
        pd.factorize(pd.concat([ours[key], theirs[key]], ignore_index=True))[0] for key in keys
    ]
    together = pd.DataFrame(dict(enumerate(parts)))
    codes = together.groupby(list(together), sort=False).ngroup().to_numpy()
    codes = np.where((together < 0).any(axis=1), -1, codes)
    return codes[:n], codes[n:]


def _times(column: pd.Series[Any], where: str) -> pd.Series[Any]:
    """A column of times or numbers, which may be written as text."""
    storage = storage_of(column)
    if storage is Storage.DATETIME:
        return column
    if storage is Storage.NUMBER:
        return column.astype(float)
    form = detect_format(column.dropna().unique()) if storage is Storage.STRING else None
    if form is None:
        raise DataError(
            f"the time column '{column.name}' of {where} holds {_WORDS[storage]}, not times",
            place=PLACE,
            remedy="Write dates like 2024-12-31, or name another column.",
        )
    return parse(column, form)


def _check_unique(
    lookup: Lookup, features: pd.DataFrame, right: pd.DataFrame, by: list[str]
) -> None:
    """Refuse a feature table with two rows for one key."""
    twice = right[right.duplicated(by, keep=False)]
    if twice.empty:
        return
    row = int(twice["position"].iloc[0])
    names = [*lookup.primary, *([lookup.own_time] if lookup.own_time else [])]
    key = ", ".join(f"{name}={shown(features[name].iloc[row])}" for name in names)
    more = "" if lookup.time else ', or give "timestamp_lookup_key" if they differ in time'
    raise DataError(
        f"the feature table '{lookup.table}' has several rows for {key}",
        place=f"{PLACE}, row {row + 1} of the feature table",
        remedy=f"Keep one row for each key{more}.",
    )


def _note(lookup: Lookup, added: pd.Index, n_missing: int, n_rows: int) -> Guardrail:
    name = "Feature lookup"
    if not n_missing:
        finding = f"every row has its features of '{lookup.table}'"
        return Guardrail(name, "passed", finding, f"joined {listed(added)}", tuple(added))
    finding = f"{plural(n_missing, 'row')} of {n_rows:,} are not in '{lookup.table}'"
    return Guardrail(name, "alerted", finding, "their features are missing", tuple(added))
