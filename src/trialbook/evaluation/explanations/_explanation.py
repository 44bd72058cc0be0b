"""Explanations of a model: values of rows, importances, dependences, and their pictures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from trialbook._plain import plain, write_text
from trialbook.errors import OptionError
from trialbook.evaluation.explanations._dependence import (
    Dependence,
    Interaction,
    dependences,
    interaction,
)
from trialbook.evaluation.explanations._importance import HeldOut, permutation_importance
from trialbook.evaluation.explanations._plan import say
from trialbook.evaluation.explanations._values import Request, Values, values_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from trialbook.data import Schema

# Rows whose values are computed, if there is time: averages of more hardly differ.
MOST_ROWS = 300
# Columns whose dependence is drawn.
TOP = 6
# When, in shares of the time, values, permutation importance and dependences must have ended; the
# rest is for pictures.
VALUES_END, PERMUTATION_END, DEPENDENCE_END = 0.5, 0.72, 0.9
# In the folder of a trial.
FOLDER, FILE = "explanation", "explanation.json"


@dataclass
class Explanation:
    """Why a model predicts what it predicts.

    Parameters
    ----------
    model : str
        What it is called.
    schema : Schema
        Of its table.
    rows : DataFrame of shape (n_rows, n_columns)
        The explained rows; their index is their position in the table that they are of.
    values : Values
        SHAP values, in the unit of predictions: of each class' probability, or of the number.
    metric : str
        What `permutation` is measured by; empty where nothing was.
    permutation : DataFrame
        ``columns``, ``importance``, ``std``, ``repeats``; see `permutation_importance`.
    held : str
        Which rows that was measured on.
    dependence : list of Dependence
        Of the most important columns.
    interaction : Interaction, optional
        Of the two most important ones.
    notes : list of str
        What to know of it, such as what was left out.
    seconds : float
        How long it took.
    """

    model: str
    schema: Schema
    rows: pd.DataFrame
    values: Values
    metric: str = ""
    permutation: pd.DataFrame = field(default_factory=pd.DataFrame)
    held: str = ""
    dependence: list[Dependence] = field(default_factory=list)
    interaction: Interaction | None = None
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __repr__(self) -> str:
        top = ", ".join(self.importance["column"].head(3))
        return f"<Explanation of {self.model}: {len(self.rows)} rows; {top}>"

    # What a value is called in pictures.
    value_name: ClassVar[str] = "SHAP value"

    @property
    def exact(self) -> bool:
        """Whether no value was sampled."""
        return self.values.exact

    @property
    def shown(self) -> int:
        """Which output pictures of one output show.

        The positive class, or the last of two; of more classes that whose probability moves most;
        0 for a number.
        """
        if self.schema.positive is not None:
            return self.schema.positive
        moved = np.abs(self.values.raw).sum(axis=1).mean(axis=0)
        return len(moved) - 1 if len(moved) == 2 else int(moved.argmax())

    @property
    def importance(self) -> pd.DataFrame:
        """The columns by how much they move predictions.

        Returns
        -------
        DataFrame
            ``column``, ``importance`` (mean size of its values, over rows and classes), ``error``
            (typical standard error of one value; 0 where exact), and for more than two classes
            one column a class, ``importance_CLASS``.
        """
        raw = self.values.raw
        table = self._sizes([str(name) for name in self.rows.columns], raw, "column")
        table.insert(2, "error", np.sqrt((self.values.error**2).mean(axis=(0, 2))))
        return _sorted(table)

    @property
    def features(self) -> pd.DataFrame:
        """The features that learners get, by how much they move predictions.

        Returns
        -------
        DataFrame
            ``feature``, ``columns`` (that it is made of), ``steps`` (how), ``importance`` and
            those of the classes as in `importance`. Empty where features have no values; `notes`
            say why.
        """
        if self.values.engineered is None:
            return pd.DataFrame(columns=["feature", "columns", "steps", "importance"])
        made = self.values.features
        table = self._sizes([one.name for one in made], self.values.engineered, "feature")
        table.insert(1, "columns", [", ".join(one.parents) for one in made])
        table.insert(2, "steps", [", ".join(one.steps) for one in made])
        return _sorted(table)

    def _sizes(self, names: list[str], values: np.ndarray, what: str) -> pd.DataFrame:
        size = np.nanmean(np.abs(values), axis=0)
        table = pd.DataFrame({what: names, "importance": size.mean(axis=1)})
        if len(self.schema.classes) > 2:
            for place, label in enumerate(self.schema.classes):
                table[f"importance_{label}"] = size[:, place]
        return table

    def row(self, position: int, label: Any = None) -> pd.DataFrame:
        """One row: what each column did to its prediction.

        Parameters
        ----------
        position : int
            Among `rows`, from 0.
        label : optional
            The class whose probability is meant; by default the one that pictures show.

        Returns
        -------
        DataFrame
            ``column``, ``cell``, ``value`` and ``error``, what moved most first. Its ``attrs``
            are ``base``, ``prediction`` and ``label``.

        Raises
        ------
        OptionError
            If there is no such row or class.
        """
        if not 0 <= position < len(self.rows):
            raise OptionError(
                f"there is no row {position}",
                remedy=f"Rows are counted from 0 to {len(self.rows) - 1}.",
            )
        classes = self.schema.classes
        if label is not None and label not in classes:
            raise OptionError(
                f"there is no class {label!r}", remedy=f"Known: {', '.join(map(str, classes))}."
            )
        place = self.shown if label is None else classes.index(label)
        table = pd.DataFrame(
            {
                "column": [str(name) for name in self.rows.columns],
                "cell": self.rows.iloc[position].to_list(),
                "value": self.values.raw[position, :, place],
                "error": self.values.error[position, :, place],
            }
        )
        order = np.argsort(-np.abs(table["value"].to_numpy()), kind="stable")
        table = table.iloc[order].reset_index(drop=True)
        base = float(self.values.bases[position, place])
        table.attrs = {
            "base": base,
            "prediction": base + float(table["value"].sum()),
            "label": classes[place] if classes else None,
        }
        return table

    def title(self, position: int) -> str:
        """What a row is called in pictures."""
        return f"Row {self.rows.index[position]}"

    def figures(self, row: int = 0) -> dict[str, Figure]:
        """The pictures.

        Parameters
        ----------
        row : int
            Which row the waterfall is of.

        Returns
        -------
        dict of str to Figure
            ``importance``, ``beeswarm`` and ``waterfall``; ``features``, ``permutation``,
            ``dependence`` and ``interaction`` where there is something to show.
        """
        from trialbook.evaluation.explanations._figures import draw_all

        return draw_all(self, row)

    def to_dict(self) -> dict[str, Any]:
        """All that is small, as JSON holds it."""
        values = self.values
        return {
            "model": self.model,
            "task": self.schema.task,
            "target": self.schema.target,
            "classes": plain(list(self.schema.classes)),
            "unit": "probability" if self.schema.classes else self.schema.target,
            "n_rows": len(self.rows),
            "exact": values.exact,
            "methods": list(values.methods),
            "base": plain(values.base),
            "importance": plain(self.importance),
            "features": plain(self.features),
            "metric": self.metric,
            "held": self.held,
            "permutation": plain(self.permutation),
            "dependence": plain(
                [
                    {"column": one.column, "kind": one.kind, "grid": one.grid, "mean": one.mean}
                    for one in self.dependence
                ]
            ),
            "interaction": plain(self.interaction),
            "notes": self.notes,
            "seconds": self.seconds,
        }

    def table(self) -> pd.DataFrame:
        """The values of all rows.

        Returns
        -------
        DataFrame
            ``row`` (position in the table that it is of), ``class`` (of classes), ``base`` and
            ``prediction``, then a column for each of the table.
        """
        return self._long(self.values.raw, [str(name) for name in self.rows.columns])

    def _long(self, values: np.ndarray, names: list[str]) -> pd.DataFrame:
        classes = self.schema.classes or (None,)
        bases = self.values.bases
        told = bases + self.values.raw.sum(axis=1)
        parts = []
        for place, label in enumerate(classes):
            part = pd.DataFrame(values[:, :, place], columns=names)
            first: dict[str, Any] = {"row": np.asarray(self.rows.index)}
            if label is not None:
                first["class"] = [label] * len(part)
            first |= {"base": bases[:, place], "prediction": told[:, place]}
            parts.append(pd.concat([pd.DataFrame(first), part], axis=1))
        return pd.concat(parts, ignore_index=True)

    def save(self, folder: str | Path, row: int = 0) -> None:
        """Write tables, values and pictures.

        Parameters
        ----------
        folder : str or Path
            ``explanation.json``, ``values.parquet``, ``feature_values.parquet`` and a PNG for
            each picture go there.
        row : int
            Which row the waterfall is of.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        _unique(self.table()).to_parquet(folder / "values.parquet", index=False)
        if self.values.engineered is not None:
            names = [one.name for one in self.values.features]
            features = _unique(self._long(self.values.engineered, names))
            features.to_parquet(folder / "feature_values.parquet", index=False)
        for name, figure in self.figures(row).items():
            figure.savefig(folder / f"{name}.png")
        # It comes last: where it is, all is.
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False)
        write_text(folder / FILE, text + "\n")


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def _unique(table: pd.DataFrame) -> pd.DataFrame:
    """Columns with names of their own, as Parquet wants: a feature may be called as another."""
    seen: dict[str, int] = {}
    names = []
    for name in table.columns:
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return table.set_axis(names, axis=1)


@dataclass(frozen=True)
class Question:
    """What is to be explained.

    Parameters
    ----------
    name : str
        Of the model.
    estimator : estimator
        Fitted.
    schema : Schema
    rows : DataFrame
        Features of the rows to explain, as the model wants them, in the order of their worth.
    background : DataFrame
        Rows that stand for all.
    held : HeldOut, optional
        Rows to measure permutation importance on.
    score : callable, optional
        Of true values and predictions, higher is better; with `held`.
    metric : str
        Name of it.
    notes : tuple of str
        What to know beforehand.
    """

    name: str
    estimator: Any
    schema: Schema
    rows: pd.DataFrame
    background: pd.DataFrame
    held: HeldOut | None = None
    score: Callable[[np.ndarray, np.ndarray], float] | None = None
    metric: str = ""
    notes: tuple[str, ...] = ()


def explain(
    question: Question,
    *,
    timeout: float | None = None,
    seed: int = 0,
    engineered: bool = True,
) -> Explanation:
    """Explain a model.

    Parameters
    ----------
    question : Question
    timeout : float, optional
        Seconds. Where they are short there are fewer rows, repeats and curves, never none of the
        first rows' values.
    seed : int
    engineered : bool
        Whether features get values, too.

    Returns
    -------
    Explanation
    """
    begun = time.monotonic()

    def until(share: float) -> float | None:
        return None if timeout is None else begun + share * timeout

    schema, classification = question.schema, bool(question.schema.classes)
    request = Request(classification, engineered, until(VALUES_END), seed=seed)
    rows = question.rows.head(MOST_ROWS)
    values = values_of(question.estimator, rows, question.background, request)
    found = Explanation(question.name, schema, rows.head(len(values.raw)), values)
    found.notes = [*question.notes, *_notes(values, len(rows), engineered=engineered)]
    order = list(found.importance["column"])
    if question.held is not None and question.score is not None:
        found.metric, found.held = question.metric, question.held.what
        found.permutation = permutation_importance(
            question.held, question.score, order, deadline=until(PERMUTATION_END), seed=seed
        )
        left_out = len(order) - sum(len(one) == 1 for one in found.permutation["columns"])
        if left_out:
            found.notes.append(f"{left_out} columns were not mixed up: time was short")

    def predict(X: pd.DataFrame) -> np.ndarray:
        return say(question.estimator, X, classification=classification)

    end = until(DEPENDENCE_END)
    if end is None or time.monotonic() < end:
        _add_dependence(found, predict, question.background, order, end)
    else:
        found.notes.append("there was no time for partial dependence")
    _in_order(found)
    found.seconds = time.monotonic() - begun
    return found


def _in_order(found: Explanation) -> None:
    """Put the rows into the order of the table that they are of."""
    order = np.argsort(found.rows.index.to_numpy(), kind="stable")
    values = found.values
    found.rows = found.rows.iloc[order]
    values.raw, values.error = values.raw[order], values.error[order]
    if values.engineered is not None:
        values.engineered = values.engineered[order]


def _add_dependence(
    found: Explanation,
    predict: Callable[[pd.DataFrame], np.ndarray],
    background: pd.DataFrame,
    order: Sequence[str],
    end: float | None,
) -> None:
    begun = time.monotonic()
    found.dependence = dependences(predict, background, found.schema, order[:TOP], deadline=end)
    took = time.monotonic() - begun
    pair = [one.column for one in found.dependence[:2]]
    # It takes about as long as the curves do.
    if len(pair) == 2 and (end is None or time.monotonic() + took < end):
        found.interaction = interaction(predict, background, found.schema, (pair[0], pair[1]))


def _notes(values: Values, n_rows: int, *, engineered: bool) -> list[str]:
    notes = []
    if not values.exact:
        notes.append("values are sampled; their standard errors are beside them")
    if len(values.raw) < n_rows:
        notes.append(f"{len(values.raw)} of {n_rows} rows: time was short")
    if engineered and values.why_not:
        notes.append(f"no values of features: {values.why_not}")
    return notes
