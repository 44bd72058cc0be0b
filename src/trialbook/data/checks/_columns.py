"""Checks of what columns are: of no use, keys, very many levels, or not all there."""

from __future__ import annotations

from trialbook._words import listed
from trialbook.data._columns import Semantic
from trialbook.data._guardrails import Guardrail
from trialbook.data.checks._look import Look
from trialbook.tables.plain import Storage

# A column with more missing cells than this says little; it is kept, and named.
MOSTLY_MISSING = 0.5
# Levels above which a category is encoded by its target, not by a column per level.
HIGH_CARDINALITY = 100


def constants_and_copies(look: Look) -> list[Guardrail]:
    """Columns that never vary, or that repeat another one."""
    name = "Constant and duplicate columns"
    columns = look.schema.columns
    constant = [c.name for c in columns if c.semantic is Semantic.CONSTANT]
    copies = [c.name for c in columns if c.semantic is Semantic.DUPLICATE]
    parts = []
    if constant:
        parts.append(f"{listed(constant)} never var{'y' if len(constant) > 1 else 'ies'}")
    if copies:
        parts.append(f"{listed(copies)} repeat{'' if len(copies) > 1 else 's'} another column")
    if not parts:
        return [Guardrail(name, "passed", "none", "")]
    return [Guardrail(name, "fixed", "; ".join(parts), "dropped", (*constant, *copies))]


def unsupported(look: Look) -> list[Guardrail]:
    """Columns of lists, objects or bytes."""
    nested = tuple(
        c.name for c in look.schema.columns if c.storage == Storage.NESTED and not c.used
    )
    if not nested:
        return []
    finding = f"{listed(nested)} hold lists, objects or bytes"
    return [Guardrail("Supported values", "fixed", finding, "dropped; unpack them to use", nested)]


def identifiers(look: Look) -> list[Guardrail]:
    """Columns that number or key the rows."""
    name = "Identifiers"
    keys = tuple(
        c.name for c in look.schema.columns if c.semantic is Semantic.IDENTIFIER and not c.used
    )
    if not keys:
        return [Guardrail(name, "passed", "no column numbers or keys the rows", "")]
    finding = f"{listed(keys)} {'are identifiers' if len(keys) > 1 else 'is an identifier'}"
    return [Guardrail(name, "fixed", finding, "dropped", keys)]


def high_cardinality(look: Look) -> list[Guardrail]:
    """Categories of very many levels."""
    name = "High cardinality"
    many = sorted(
        (
            c
            for c in look.schema.used
            if c.semantic is Semantic.CATEGORICAL and c.distinct > HIGH_CARDINALITY
        ),
        key=lambda column: -column.distinct,
    )
    if not many:
        finding = f"no category has more than {HIGH_CARDINALITY} levels"
        return [Guardrail(name, "passed", finding, "")]
    names = tuple(c.name for c in many)
    finding = f"{listed(names)} has {many[0].distinct:,} levels"
    if len(many) > 1:
        most = f"{many[0].distinct:,} at most"
        finding = f"{listed(names)} have more than {HIGH_CARDINALITY} levels, {most}"
    action = "encoded by the target or hashed, per learner"
    return [Guardrail(name, "fixed", finding, action, names)]


def missing_values(look: Look) -> list[Guardrail]:
    """Features with missing cells."""
    name = "Missing values"
    columns, n_rows = look.schema.used, len(look.table)
    lacking = sorted((c for c in columns if c.missing), key=lambda column: -column.missing)
    if not lacking:
        return [Guardrail(name, "passed", "no feature has missing values", "")]
    worst = ", ".join(f"'{c.name}' {c.missing / n_rows:.1%}" for c in lacking[:5])
    more = f" and {len(lacking) - 5:,} more" if len(lacking) > 5 else ""
    mostly = sum(c.missing > MOSTLY_MISSING * n_rows for c in lacking)
    note = f"; {mostly} more than half empty" if mostly else ""
    finding = (
        f"{len(lacking):,} of {len(columns):,} features have missing values: {worst}{more}{note}"
    )
    action = "filled inside the model, or left to learners that take them"
    # Of the fullest one: where few cells are missing, they are worth a look.
    fullest = lacking[-1]
    rows: tuple[int, ...] = ()
    if fullest.missing <= MOSTLY_MISSING * n_rows:
        rows = look.rows(look.table[fullest.name].isna().to_numpy())
    return [Guardrail(name, "fixed", finding, action, tuple(c.name for c in lacking), rows)]
