"""Categories become features: codes, one-hot columns, what they say of the target, or hashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trialbook.program._builder import Builder
from trialbook.program._code import Code, call
from trialbook.program._needs import (
    MAX_NATIVE_LEVELS,
    MIN_LEVEL_ROWS,
    Columns,
    Preprocessing,
    encoding_of,
    hash_bits,
    max_levels,
)

# What tells the steps and constants of an encoding from the usual one of a learner.
_SUFFIXES: Mapping[tuple[str, str], str] = {
    ("codes", "one_hot"): "_levels",
    ("codes", "target_encoding"): "_many",
    ("one_hot", "target_encoding"): "_many",
    ("one_hot", "codes"): "_codes",
    ("codes", "hash_one_hot"): "_hashed",
    ("one_hot", "hash_one_hot"): "_hashed",
}
# In this order they stand in the output; a learner that takes codes knows these by position.
_ORDER = ("codes", "one_hot", "target_encoding", "hash_one_hot")


@dataclass(frozen=True)
class _Group:
    """Columns that are encoded alike."""

    encoding: str
    options: tuple[tuple[str, Any], ...]
    names: tuple[str, ...] = ()


def add_categories(build: Builder, columns: Columns, needs: Preprocessing) -> int:
    """Add the steps for categories; return how many category codes they put first."""
    coded = set(columns.coded)
    n_codes = 0
    for group in _groups(columns, needs):
        if group.encoding == "codes" and needs.categorical == "codes":
            n_codes += len(group.names)
        encoder = _encoder(build, columns, needs, group)
        suffix = _SUFFIXES.get((needs.categorical, group.encoding), "")
        _add_by_storage(build, group, coded, suffix, encoder)
    return n_codes


def _groups(columns: Columns, needs: Preprocessing) -> list[_Group]:
    """The columns by what is done with them."""
    found: dict[_Group, list[str]] = {}
    for name in columns.categorical:
        encoding = encoding_of(columns, name, needs.categorical)
        options = tuple(sorted(_options(columns, name, encoding).items()))
        group = _Group(encoding, options)
        found.setdefault(group, []).append(name)
    ordered = sorted(found, key=lambda group: _ORDER.index(group.encoding))
    return [_Group(one.encoding, one.options, tuple(found[one])) for one in ordered]


def _options(columns: Columns, name: str, encoding: str) -> dict[str, Any]:
    """What an encoder is told of a column beyond its usual options."""
    asked = columns.orders.of(encoding, name)
    if encoding == "hash_one_hot":
        return {"number_of_bits": hash_bits(columns, name)}
    if encoding == "one_hot":
        most = max_levels(columns, name)
        options = {"max_categories": most} if columns.categorical[name] > most else {}
        rare = asked.get("min_frequency")
        return options if rare is None else options | {"min_frequency": rare}
    return asked


def _encoder(build: Builder, columns: Columns, needs: Preprocessing, group: _Group) -> Code:
    options = dict(group.options)
    if group.encoding == "codes":
        return _codes(build, columns, needs, group)
    if group.encoding == "one_hot":
        return _one_hot(build, **options)
    if group.encoding == "target_encoding":
        return target_encoder(build, needs, **options)
    build.use("from sklearn.preprocessing import OneHotEncoder")
    bucketed = build.function(
        "buckets",
        kw_args={"n": 2 ** options["number_of_bits"]},
        feature_names_out="one-to-one",
    )
    return build.pipeline(bucketed, call("OneHotEncoder", handle_unknown="ignore"))


def _codes(build: Builder, columns: Columns, needs: Preprocessing, group: _Group) -> Code:
    build.use("from sklearn.preprocessing import OrdinalEncoder")
    options: dict[str, object] = {"handle_unknown": "use_encoded_value"}
    if needs.complete or needs.frame:
        options |= {"unknown_value": -1, "encoded_missing_value": -2}
    else:
        build.use("import numpy as np")
        options |= {"unknown_value": Code("np.nan"), "encoded_missing_value": Code("np.nan")}
    many = any(columns.categorical[name] > MAX_NATIVE_LEVELS for name in group.names)
    if many and not needs.frame:
        options["max_categories"] = MAX_NATIVE_LEVELS
    encoder = call("OrdinalEncoder", **options)
    return (
        encoder
        if needs.categorical == "codes"
        else build.pipeline(encoder, build.scaler(needs.numeric))
    )


def _one_hot(build: Builder, **options: object) -> Code:
    build.use("from sklearn.preprocessing import OneHotEncoder")
    usual = {"min_frequency": MIN_LEVEL_ROWS}
    return call("OneHotEncoder", **usual | options, handle_unknown="infrequent_if_exist")


def target_encoder(build: Builder, needs: Preprocessing, **options: object) -> Code:
    """What a category says of the target, out of fold in training."""
    build.use("from sklearn.model_selection import KFold")
    build.use("from sklearn.preprocessing import TargetEncoder")
    folds = call("KFold", 5, shuffle=True, random_state=Code("SEED"))
    # Left to guess, it would take numbers without a fraction for classes.
    kind = {"target_type": "continuous"} if build.regression else {}
    encoder = call("TargetEncoder", **kind, **options, cv=folds)
    return build.pipeline(encoder, build.scaler(needs.numeric))


def _add_by_storage(
    build: Builder, group: _Group, coded: set[str], suffix: str, encoder: Code
) -> None:
    """Encode text through `as_text`, and categories stored as numbers as they are."""
    constant = "CATEGORICAL" + suffix.upper()
    text = [name for name in group.names if name not in coded]
    numbers = [name for name in group.names if name in coded]
    if text:
        build.group(
            f"categorical{suffix}", constant, text, build.pipeline(build.as_text(), encoder)
        )
    build.group(f"coded{suffix}", constant.replace("CATEGORICAL", "CODED"), numbers, encoder)
