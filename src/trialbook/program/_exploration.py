"""The data exploration notebook: a first look at a table, as a program in percent format.

The notebook stands alone: it needs pandas, NumPy and matplotlib, and the snapshot of the training
table. Sections for kinds of columns that the table does not have are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from trialbook._words import plural
from trialbook.data import ranked, told
from trialbook.job import Task
from trialbook.program import _exploration_cells as cells
from trialbook.program import _exploration_relations as relations
from trialbook.program._code import Code, assign, import_block, literal
from trialbook.program._versions import (
    ROW_COLUMN,
    TableCode,
    table_constants,
    table_imports,
    table_source,
    unused_constant,
)

if TYPE_CHECKING:
    from trialbook.data import Column, Guardrail, Schema

# A table of columns that is longer than this is not read; types are then counted instead.
MAX_LISTED = 100

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
        _markdown(_introduction(title, schema, n_rows, task, first_rows, origin)),
        _markdown("## Checks of the data", "", *_guardrail_table(guardrails)),
        _code(_imports(first_rows, table)),
        _code(_constants(schema, data, names, first_rows, table)),
        _markdown(cells.HELPERS_TEXT) + "\n",
        _code(cells.HELPERS) + "\n",
        _markdown(relations.MEASURES_TEXT) + "\n",
        _code(relations.MEASURES_CODE) + "\n",
        _code(_load(schema, first_rows, table)),
        _markdown("## Columns", "", *_column_table(schema.columns)),
        _code(cells.OVERVIEW),
        _markdown(cells.MISSING_TEXT),
        _code(cells.MISSING_TABLE),
        _code(cells.MISSING_CHART),
        _markdown("## The target"),
        *(_code(source) for source in cells.TARGET[task]),
        _markdown(relations.ASSOCIATION_TEXT),
        _code(relations.CODES) + "\n",
        _code(relations.ASSOCIATION[task]),
        _code(relations.ASSOCIATION_CHART),
        _markdown(relations.CORRELATION_TEXT),
        _code(relations.CORRELATION),
        _code(relations.CORRELATION_TABLE),
        *_sections(names, task),
        _markdown(cells.STRONGEST_TEXT[task]),
        _code(cells.STRONGEST[task]),
    ]
    return "\n\n".join(parts) + "\n"


def _markdown(*lines: str) -> str:
    text = "\n".join(lines).strip().split("\n")
    return "# %% [markdown]\n" + "\n".join(f"# {line}".rstrip() for line in text)


def _code(source: str) -> str:
    return "# %%\n" + source.strip("\n")


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
        f"# {_plain(title)}: a first look at the data\n\n"
        f"{n_rows:,} rows, {features}{dropped}.{looked}\n"
        f"The task is {task}{classes}; the target is {_name(schema.target)}.\n\n"
        f"{about}This notebook stands alone: run it, change it, keep it."
    )


def _guardrail_table(guardrails: Sequence[Guardrail]) -> list[str]:
    if not guardrails:
        return ["No checks were made."]
    return _table(
        ("check", "verdict", "finding", "action"),
        (
            (_plain(one.name), f"**{one.verdict}**", _plain(told(one)), _plain(one.action))
            for one in ranked(guardrails)
        ),
    )


def _column_table(columns: Sequence[Column]) -> list[str]:
    listed = columns if len(columns) <= MAX_LISTED else columns[:MAX_LISTED]
    lines = _table(
        ("column", "type", "why", "missing", "different values", "used"),
        (
            (
                _name(column.name),
                column.semantic.value,
                _plain(column.evidence),
                f"{column.missing:,}",
                f"{column.distinct:,}",
                "yes" if column.dropped is None else f"no: {_plain(column.dropped)}",
            )
            for column in listed
        ),
    )
    if len(listed) < len(columns):
        kinds = Counter(column.semantic.value for column in columns[len(listed) :])
        counts = ", ".join(f"{n:,} {kind}" for kind, n in kinds.most_common())
        lines += ["", f"And {len(columns) - len(listed):,} more columns: {counts}."]
    return lines


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(row) + " |" for row in lines]


def _plain(text: object) -> str:
    """Text on one line, in which nothing is markup."""
    line = " ".join(str(text).split())
    for character in "\\`*_{}[]<>#|$~":
        line = line.replace(character, f"\\{character}")
    return line


def _name(name: str) -> str:
    """A column's name as code."""
    line = " ".join(str(name).split()).replace("`", "'").replace("|", "\\|")
    return f"`{line}`" if line else "(no name)"


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
            _markdown(cells.NUMERIC_TEXT),
            _code(cells.NUMERIC_TABLE),
            _code(cells.NUMERIC_CHART),
            _markdown(cells.OUTLIER_TEXT),
            _code(cells.OUTLIERS),
        ]
    if names["CATEGORICAL"] or names["BOOLEAN"]:
        parts += [_markdown(cells.CATEGORICAL_TEXT), _code(cells.CATEGORICAL_TABLE)]
        parts += [_code(cells.CATEGORICAL_CHART)]
    if names["DATETIME"]:
        parts += [
            _markdown(cells.DATETIME_TEXT),
            _code(cells.DATETIME_TABLE),
            _code(cells.DATETIME_CHART),
            _code(cells.WEEK_CHART),
            _markdown(cells.TIME_TEXT),
            _code(cells.TIME_TARGET[task]),
        ]
    if names["TEXT"]:
        parts += [_markdown("## Texts"), _code(cells.TEXT_TABLE), _code(cells.TEXT_CHART)]
        parts += [_code(cells.TEXT_WORDS), _code(cells.TEXT_EXAMPLES)]
    return parts
