"""The function that reads a version of a table, whose very source stands in generated programs.

It is apart from the other functions of that kind since deltalake is an extra.
"""
# ruff: noqa: ANN001, ANN202 -- it is read in notebooks, where annotations would distract
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError


def read_version(folder, version, table_id):
    """One version of a Delta table, its rows in the order in which they were uploaded."""
    try:
        table = DeltaTable(folder, version=version)
        if table.metadata().id != table_id:
            raise FileNotFoundError("the table that has this name now is another one")
        dataset = table.to_pyarrow_dataset()
        parts = sorted(dataset.get_fragments(), key=lambda part: part.path)
        rows = pa.concat_tables([part.to_table(dataset.schema) for part in parts])
    except (DeltaError, FileNotFoundError) as error:
        raise FileNotFoundError(
            f"version {version} of the table {folder} is gone: dropped, or removed by a vacuum;"
            " train.parquet, in the folder of DATA, has the rows that the search saw"
        ) from error
    frame = rows.to_pandas(coerce_temporal_nanoseconds=True)
    for name in frame.select_dtypes("datetimetz"):
        frame[name] = frame[name].dt.tz_localize(None)
    return frame
