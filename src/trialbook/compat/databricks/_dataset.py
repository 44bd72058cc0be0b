"""What the argument ``dataset`` means: a table in memory, a table by name, or a file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from trialbook.addresses import title_of
from trialbook.data import Guardrail, readings
from trialbook.errors import DataError
from trialbook.tables import Source, Storage, find_table, open_big, read_whole, storage_of
from trialbook.tables.plain import Note

# A name of one to three parts, in backticks or not, with a version of the table or not.
NAME = re.compile(r"(?:`[^`]+`|[\w-]+)(?:\.(?:`[^`]+`|[\w-]+)){0,2}(?:@\d+)?")
# What Databricks' documentation calls annotations of semantic types, and where Spark keeps them.
ANNOTATION = "spark.contentAnnotation.semanticType"
ANNOTATED = ("categorical", "numeric", "datetime", "text")
NATIVE = "native"
# The type of a column whose meaning is not looked for: it is what its cells are.
STORED_AS = {
    Storage.NUMBER: "numeric",
    Storage.BOOL: "boolean",
    Storage.STRING: "categorical",
    Storage.DATETIME: "datetime",
}


@dataclass
class Dataset:
    """A table that can be looked at before it is read as a whole, where that is possible.

    Parameters
    ----------
    source : Source
        What the engine reads.
    title : str
        A name for people.
    workspace : str
        Folder whose catalogue has the tables by name.
    annotations : dict of str to str
        Semantic types that columns are annotated with.
    """

    source: Source
    title: str
    workspace: str
    annotations: dict[str, str] = field(default_factory=dict)
    _whole: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        self._notes: list[Note] = []
        self._big = open_big(self.source, workspace=self.workspace, notes=self._notes)

    @property
    def handed(self) -> Source | None:
        """What the engine is handed over; ``None`` if it reads the table by its address.

        What was fetched from a database or from Spark is not fetched again: it lies in files, for
        as long as this object is there.
        """
        if self._big is not None and self._big.folder is not None:
            return self._big.folder.path
        return None if isinstance(self.source, (str, Path)) else self.source

    @property
    def guardrails(self) -> tuple[Guardrail, ...]:
        """What was found at reading, unless the engine reads the table itself."""
        return () if self.handed is None else readings(dict.fromkeys(self._notes))

    @property
    def columns(self) -> list[str]:
        """Names of its columns."""
        return list(self.whole().columns) if self._big is None else list(self._big.names)

    def some(self, names: Iterable[str]) -> pd.DataFrame:
        """Some of the columns, of all rows."""
        wanted = list(dict.fromkeys(names))
        if self._big is not None and self._whole is None:
            return self._big.read(set(wanted))[wanted]
        return self.whole()[wanted]

    def whole(self) -> pd.DataFrame:
        """The whole table."""
        if self._whole is None:
            self._whole = read_whole(
                self.source, self._big, workspace=self.workspace, notes=self._notes
            )
        return self._whole

    def replace(self, table: pd.DataFrame) -> None:
        """Go on with another table in its place."""
        self.source, self._whole, self._big = table, table, None

    def native_types(self, names: Sequence[str]) -> dict[str, str]:
        """The types of columns whose meaning is not to be looked for."""
        if not names:
            return {}
        storages = {name: storage_of(column) for name, column in self.some(names).items()}
        return {name: STORED_AS[one] for name, one in storages.items() if one in STORED_AS}

    def annotated_types(self) -> dict[str, str]:
        """The types that annotations say."""
        native = [name for name, kind in self.annotations.items() if kind == NATIVE]
        said = {name: kind for name, kind in self.annotations.items() if kind in ANNOTATED}
        return said | self.native_types(native)


def resolve(dataset: Any, workspace: str, argument: str = "dataset") -> Dataset:
    """Find the table that an argument means.

    Parameters
    ----------
    dataset : table or str
        A pandas, polars, Spark or pandas-on-Spark DataFrame, the name of a table
        (``table``, ``schema.table`` or ``catalog.schema.table``), or anything else that
        `trialbook.classify` reads. A name is that of a Spark table if a Spark session is active
        and has it, else its last part is that of a table of the workspace.
    workspace : str
    argument : str
        Its name in messages.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If there is no such table.
    """
    if not isinstance(dataset, (str, Path)):
        return Dataset(dataset, "dataset", workspace, _annotations(dataset))
    text = str(dataset)
    if isinstance(dataset, Path) or not NAME.fullmatch(text):
        return Dataset(dataset, title_of(text) or "dataset", workspace)
    spark = _spark_table(text)
    if spark is not None:
        return Dataset(f"spark:{text}", _last(text), workspace, _annotations(spark))
    home = Path(workspace)
    found = next((one for one in (text, _last(text)) if find_table(one, home)), None)
    if found is not None:
        return Dataset(found, found.partition("@")[0], workspace)
    if Path(text).exists():
        return Dataset(text, title_of(text) or "dataset", workspace)
    raise DataError(
        f"there is neither a table nor a file '{text}'",
        place=f"argument {argument}, workspace {workspace}",
        remedy=f"Upload it: trialbook.tables.upload(data, '{_last(text)}', '{workspace}').",
    )


def _last(name: str) -> str:
    """The last part of a table's name."""
    return str(re.findall(r"`[^`]+`|[\w@-]+", name)[-1]).strip("`")


def _spark_table(name: str) -> Any:
    """The table of a name in the active Spark session; ``None`` without one, or without it."""
    module = sys.modules.get("pyspark.sql")
    session = module.SparkSession.getActiveSession() if module is not None else None
    if session is None or not session.catalog.tableExists(name):
        return None
    return session.table(name)


def _annotations(table: Any) -> dict[str, str]:
    """The semantic types in the metadata of a Spark table's columns."""
    fields = getattr(getattr(table, "schema", None), "fields", ())
    kinds = {one.name: one.metadata.get(ANNOTATION) for one in fields if hasattr(one, "metadata")}
    return {name: str(kind).casefold() for name, kind in kinds.items() if kind}
