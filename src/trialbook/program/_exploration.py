"""The data exploration notebook: a first look at a table, as a program in percent format.

The notebook stands alone: it needs pandas, NumPy and matplotlib, and the snapshot of the training
table. Sections for kinds of columns that the table does not have are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trialbook._words import plural
from trialbook.job import Task
from trialbook.program import _exploration_cells as cells
from trialbook.program import _exploration_relations as relations
from trialbook.program._code import Code, assign, import_block, literal
from trialbook.program._exploration_parts import (
    code,
    column_table,
    guardrail_table,
    markdown,
    name_of,
    plain,
)
from trialbook.program._versions import (
    ROW_COLUMN,
    TableCode,
    table_constants,
    table_imports,
    table_source,
    unused_constant,
)

if TYPE_CHECKING:
    from trialbook.data import Guardrail, Schema

_IMPORT = re.compile(r"(?:import|from) ")
# The kinds of features, as the notebook's constants name them.
KINDS = {
    "NUMERIC": "numeric",
    "BOOLEAN": "boolean",
    "CATEGORICAL": "categorical",
    "DATETIME": "datetime",
    "TEXT": "text",
}


def exploration_program(
    *,
    title: str,
    schema: Schema,
    guardrails: Sequence[Guardrail],
    data: str | Code,
    n_rows: int,
    task: Task,
    first_rows: int | None = None,
    table: TableCode | None = None,
    origin: str = "",
) -> str:
    """Write the program of the data exploration notebook.

    Parameters
    ----------
    title : str
        Name of the experiment.
    schema : Schema
        Columns of the table with their types and the evidence for them.
    guardrails : sequence of Guardrail
        Checks of the data and their verdicts.
    data : str or Code
        Where the notebook finds the table: a path relative to it, or an expression of one.
    n_rows : int
        Number of rows of the table.
    task : {"classification", "regression"}
        What is learned.
    first_rows : int, optional
        How many rows of a big table the notebook looks at; its first rows are a sample.
    table : TableCode, optional
        The version of a table that is looked at, in the rows that `data` names.
    origin : str
        A sentence on the version of a table that was learned from, if it is one.

    Returns
    -------
    str
        Python source in percent format, to be turned into a notebook by `to_notebook`.
    """
    names = {
        constant: [column.name for column in schema.used if column.semantic.value == kind]
        for constant, kind in KINDS.items()
    }
    parts = [
        markdown(_introduction(title, schema, n_rows, task, first_rows, origin)),
        markdown("## Checks of the data", "", *guardrail_table(guardrails)),
        code(_imports(first_rows, table)),
        code(_constants(schema, data, names, first_rows, table)),
        markdown(cells.HELPERS_TEXT) + "\n",
        code(cells.HELPERS) + "\n",
        markdown(relations.MEASURES_TEXT) + "\n",
        code(relations.MEASURES_CODE) + "\n",
        code(_load(schema, first_rows, table)),
        markdown("## Columns", "", *column_table(schema.columns)),
        code(cells.OVERVIEW),
        markdown(cells.MISSING_TEXT),
        code(cells.MISSING_TABLE),
        code(cells.MISSING_CHART),
        markdown("## The target"),
        *(code(source) for source in cells.TARGET[task]),
        markdown(relations.ASSOCIATION_TEXT),
        code(relations.CODES) + "\n",
        code(relations.ASSOCIATION[task]),
        code(relations.ASSOCIATION_CHART),
        markdown(relations.CORRELATION_TEXT),
        code(relations.CORRELATION),
        code(relations.CORRELATION_TABLE),
        *_sections(names, task),
        markdown(cells.STRONGEST_TEXT[task]),
        code(cells.STRONGEST[task]),
    ]
    return "\n\n".join(parts) + "\n"


def _imports(first_rows: int | None, table: TableCode | None) -> str:
    if table is not None:
        block = "\n".join(line for line in cells.IMPORTS.split("\n") if _IMPORT.match(line))
        return cells.IMPORTS.replace(block, import_block([*block.split("\n"), *table_imports()]))
    last = "import pandas as pd\n"
    more = "" if first_rows is None else "import pyarrow.parquet as pq\n"
    return cells.IMPORTS.replace(last, last + more)


def _introduction(
    title: str, schema: Schema, n_rows: int, task: str, first_rows: int | None, origin: str
) -> str:
    n_features, n_columns = len(schema.used), len(schema.columns)
    unused = n_columns - n_features
    features = plural(n_features, "feature")
    classes = f" of {len(schema.classes)} classes" if schema.classes else ""
    dropped = f" ({plural(unused, 'more column')} not used)" if unused else ""
    about = f"{origin}\n\n" if origin else ""
    looked = "" if first_rows is None else f" This notebook looks at a sample of {first_rows:,}."
    return (
        f"# {plain(title)}: a first look at the data\n\n"
        f"{n_rows:,} rows, {features}{dropped}.{looked}\n"
        f"The task is {task}{classes}; the target is {name_of(schema.target)}.\n\n"
        f"{about}This notebook stands alone: run it, change it, keep it."
    )


def _constants(
    schema: Schema,
    data: str | Code,
    names: dict[str, list[str]],
    first_rows: int | None,
    table: TableCode | None,
) -> str:
    lines = [] if table is None else table_constants(table)
    lines += [f"DATA = {literal(data)}", f"TARGET = {literal(schema.target)}"]
    if first_rows is not None:
        lines.append(f"ROWS = {first_rows}  # the first ones are a sample of all")
    if table is not None:
        lines += unused_constant(table)
    lines += [assign(constant, listed) for constant, listed in names.items()]
    lines += [
        f"FEATURES = {' + '.join(KINDS)}",
        "MEASURED = set(NUMERIC + DATETIME + TEXT)  # drawn as numbers: values, days, characters",
        "",
        "MAX_CHARTS = 30  # columns drawn in a section, strongest with the target first",
        "SAMPLE = 5_000  # rows for what takes long",
        "SEED = 0",
    ]
    return "\n".join(lines)


def _load(schema: Schema, first_rows: int | None, table: TableCode | None) -> str:
    read = "pd.read_parquet(DATA)"
    if first_rows is not None:
        read = "next(pq.ParquetFile(DATA).iter_batches(ROWS)).to_pandas()"
    lines = [
        f"table = {read}",
        'table = table.drop(columns=[name for name in table if name.startswith("__fold_")])',
    ]
    if table is not None:
        lines = [
            *table_source().split("\n"),
            "",
            "",
            "rows = pd.read_parquet(DATA)",
            f'table = read_version(TABLE, VERSION, TABLE_ID).iloc[rows["{ROW_COLUMN}"]]',
            f"table = table{'.drop(columns=UNUSED)' * bool(table.unused)}.reset_index(drop=True)",
            "table[TARGET] = rows[TARGET]",
        ]
    for column in schema.used:
        if column.semantic.value == "datetime" and column.datetime_format:
            where = f"table[{literal(column.name)}]"
            form = literal(column.datetime_format)
            lines += [
                f"{where} = pd.to_datetime(",
                f'    {where}, format={form}, errors="coerce", utc=True',
                ").dt.tz_localize(None)",
            ]
    lines += [
        "sample = table.sample(min(len(table), SAMPLE), random_state=SEED)",
        "table.head()",
    ]
    return "\n".join(lines)


def _sections(names: dict[str, list[str]], task: Task) -> list[str]:
    parts = []
    if names["NUMERIC"]:
        parts += [
            markdown(cells.NUMERIC_TEXT),
            code(cells.NUMERIC_TABLE),
            code(cells.NUMERIC_CHART),
            markdown(cells.OUTLIER_TEXT),
            code(cells.OUTLIERS),
        ]
    if names["CATEGORICAL"] or names["BOOLEAN"]:
        parts += [markdown(cells.CATEGORICAL_TEXT), code(cells.CATEGORICAL_TABLE)]
        parts += [code(cells.CATEGORICAL_CHART)]
    if names["DATETIME"]:
        parts += [
            markdown(cells.DATETIME_TEXT),
            code(cells.DATETIME_TABLE),
            code(cells.DATETIME_CHART),
            code(cells.WEEK_CHART),
            markdown(cells.TIME_TEXT),
            code(cells.TIME_TARGET[task]),
        ]
    if names["TEXT"]:
        parts += [markdown("## Texts"), code(cells.TEXT_TABLE), code(cells.TEXT_CHART)]
        parts += [code(cells.TEXT_WORDS), code(cells.TEXT_EXAMPLES)]
    return parts
