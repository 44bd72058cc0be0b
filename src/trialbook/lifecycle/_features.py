"""What became of each column of the table in a trial: its type, and the features made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from trialbook.data import Schema
    from trialbook.models import Feature


def features_table(schema: Schema, features: Sequence[Feature]) -> pd.DataFrame:
    """The summary of features, a row for each column of the table.

    Parameters
    ----------
    schema : Schema
    features : sequence of Feature
        Those of a trial's model.

    Returns
    -------
    DataFrame
        Columns ``column``, ``type``, ``evidence``, ``dropped`` (why; None for a feature),
        ``transformations`` (list), ``n_features`` and ``features`` (list of names).
    """
    import pandas as pd

    from trialbook.models import transformations

    of_column: dict[str, list[Feature]] = {column.name: [] for column in schema.columns}
    for one in features:
        for parent in one.parents:
            of_column[parent].append(one)
    rows = [
        {
            "column": column.name,
            "type": column.semantic.value,
            "evidence": column.evidence,
            "dropped": column.dropped,
            "transformations": transformations(of_column[column.name]),
            "n_features": len(of_column[column.name]),
            "features": list(dict.fromkeys(one.name for one in of_column[column.name])),
        }
        for column in schema.columns
    ]
    return pd.DataFrame(rows).astype({"dropped": object})


_AZURE_TYPES = {"datetime": "DateTime"}


def featurization_summary(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The same under the names that Azure's featurization summary has.

    Parameters
    ----------
    table : DataFrame
        As `features_table` returns it.

    Returns
    -------
    list of dict
        ``RawFeatureName``, ``TypeDetected``, ``Dropped`` (``Yes`` or ``No``),
        ``EngineeredFeatureCount`` and ``Transformations`` are Azure's; ``Evidence``,
        ``DroppedBecause`` and ``EngineeredFeatureNames`` come on top.
    """
    return [
        {
            "RawFeatureName": row["column"],
            "TypeDetected": _AZURE_TYPES.get(row["type"], row["type"].capitalize()),
            "Dropped": "No" if row["dropped"] is None else "Yes",
            "EngineeredFeatureCount": row["n_features"],
            "Transformations": row["transformations"],
            "EngineeredFeatureNames": row["features"],
            "Evidence": row["evidence"],
            "DroppedBecause": row["dropped"],
        }
        for row in table.to_dict("records")
    ]
