"""How a model treats groups of people: errors and predictions, group by group."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trialbook.errors import DataError, OptionError
from trialbook.evaluation._groups import Groups, crossed, groups_of

# Of fewer rows a rate is known to worse than 20 points; such groups are shown, not compared.
LEAST_GROUP = 30
# A rate is one of some of a group's rows, such as those of a class. Of fewer, it is not compared.
LEAST_OF = 10
# A group's measures come from two resamplings of so many draws; percentiles at 2.5 % are then
# known to about a tenth of the interval.
DRAWS = 1000
# From so many rows on the mean of a group is as good as normal, and need not be resampled.
NORMAL_ROWS = 1000
# Classes that have rates of their own; the most frequent ones.
MOST_CLASSES = 10
# Rows of a column of many values.
MOST_GROUPS = 12

# From sums over the rows of a group, or over many resampled ones (the last axis is what is
# summed), the part and the whole of a measure.
Ratio = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Rate:
    """One measure by group.

    Parameters
    ----------
    name : str
    overall : float
        Of all rows.
    values, low, high : tuple of float
        By group, with the ends of an interval of 95 % by bootstrap; NaN where it is not defined.
    difference : float
        Largest less smallest value, of groups that are large enough; NaN for fewer than two.
    difference_low, difference_high : float
        Interval of 95 % by bootstrap. Its lower end is above zero even by chance: compare with
        `by_chance`.
    by_chance : float
        What the difference stays below with 95 % where all groups have the measure alike.
    lowest, highest : str
        The groups with these values.
    """

    name: str
    overall: float
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    difference: float
    difference_low: float
    difference_high: float
    by_chance: float
    lowest: str
    highest: str

    @property
    def differs(self) -> bool:
        """Whether groups differ by more than chance would have it."""
        return bool(self.difference > self.by_chance)


@dataclass(frozen=True)
class Fairness:
    """How a model does on groups.

    Parameters
    ----------
    trial : str
    origin : str
        Which rows were looked at.
    by : str
        The column, or both.
    groups : tuple of str
    counts : tuple of int
        Rows of each group.
    small : tuple of str
        Groups of too few rows, which take no part in comparisons.
    positive : str
        The class that rates of two classes are about; empty otherwise.
    rates : tuple of Rate
    criteria : mapping of str to float
        Differences that have a name: ``demographic_parity_difference`` (of the rates at which a
        class is predicted; the largest of all classes), ``demographic_parity_ratio``,
        ``equalized_odds_difference`` (of true and false positive rates); of numbers
        ``mean_prediction_difference`` and ``error_ratio``, smallest over largest.
    """

    trial: str
    origin: str
    by: str
    groups: tuple[str, ...]
    counts: tuple[int, ...]
    small: tuple[str, ...]
    positive: str
    rates: tuple[Rate, ...]
    criteria: Mapping[str, float]

    def __repr__(self) -> str:
        named = ", ".join(f"{name} {value:.3g}" for name, value in self.criteria.items())
        return f"<Fairness of {self.trial} by {self.by}: {len(self.groups)} groups; {named}>"

    @property
    def table(self) -> pd.DataFrame:
        """The measures by group.

        Returns
        -------
        DataFrame
            A row for each group: ``group``, ``rows``, ``small``, and for each measure its value
            under its name, ``…_low`` and ``…_high``.
        """
        columns: dict[str, Any] = {
            "group": self.groups,
            "rows": self.counts,
            "small": [group in self.small for group in self.groups],
        }
        for rate in self.rates:
            columns[rate.name] = rate.values
            columns[f"{rate.name}_low"] = rate.low
            columns[f"{rate.name}_high"] = rate.high
        return pd.DataFrame(columns)

    @property
    def differences(self) -> pd.DataFrame:
        """How far groups are apart.

        Returns
        -------
        DataFrame
            A row for each measure: ``measure``, ``overall``, ``difference``, ``low``, ``high``,
            ``by_chance``, ``differs``, ``lowest`` and ``highest``.
        """
        return pd.DataFrame(
            [
                {
                    "measure": rate.name,
                    "overall": rate.overall,
                    "difference": rate.difference,
                    "low": rate.difference_low,
                    "high": rate.difference_high,
                    "by_chance": rate.by_chance,
                    "differs": rate.differs,
                    "lowest": rate.lowest,
                    "highest": rate.highest,
                }
                for rate in self.rates
            ]
        )


def fairness(
    columns: Sequence[pd.Series],
    y: np.ndarray,
    prediction: np.ndarray,
    *,
    classes: Sequence[Any] = (),
    positive: int | None = None,
    trial: str = "",
    origin: str = "",
    seed: int = 0,
) -> Fairness:
    """Compare groups.

    Parameters
    ----------
    columns : sequence of Series
        One or two sensitive columns: numbers, dates (``datetime64``) or texts (``object``, NaN
        where missing). Numbers and dates are cut into four groups.
    y : ndarray of shape (n,)
        True values, or codes of the true classes.
    prediction : ndarray of shape (n,) or (n, n_classes)
    classes : sequence, optional
        Labels; none for numbers.
    positive : int, optional
        Code of the positive class, of two.
    trial, origin : str, optional
        What is said of the model and the rows.
    seed : int, optional
        Of the bootstrap.

    Returns
    -------
    Fairness

    Raises
    ------
    OptionError
        If there are more than two columns, or fairlearn is missing.
    DataError
        If there are not two groups of 30 rows.

    Notes
    -----
    Values by group are those of fairlearn's `MetricFrame`. Intervals are by bootstrap within the
    groups, on counts, since `MetricFrame` resamples rows one table at a time, which takes minutes.
    """
    groups = _groups(columns, origin)
    compared = groups.counts >= LEAST_GROUP
    if prediction.ndim == 2:
        judge: _Judge = _Classes(y.astype(int), prediction.argmax(axis=1), classes, positive)
    else:
        judge = _Numbers(y, prediction)
    frame = _metric_frame(judge, groups)
    rng = np.random.default_rng(seed)
    drawn = judge.resampled(groups, rng)
    sums = judge.counted(groups)
    rates = tuple(_rate(name, judge, frame, drawn, sums, groups, rng) for name in judge.measures())
    small = tuple(label for label, kept in zip(groups.labels, compared, strict=True) if not kept)
    return Fairness(
        trial=trial,
        origin=origin,
        by=groups.column,
        groups=groups.labels,
        counts=tuple(groups.counts.tolist()),
        small=small,
        positive=judge.positive_label,
        rates=rates,
        criteria=judge.criteria({rate.name: rate for rate in rates}, compared),
    )


def _groups(columns: Sequence[pd.Series], origin: str) -> Groups:
    """The groups of one or two columns, if there are two that can be compared."""
    if not 1 <= len(columns) <= 2:
        raise OptionError(
            f"groups are by one or two columns, not by {len(columns)}",
            place="option by",
            remedy="Name one, such as sex, or two.",
        )
    groups = groups_of(columns[0], MOST_GROUPS)
    if len(columns) == 2:
        groups = crossed(groups, groups_of(columns[1], MOST_GROUPS))
    if (groups.counts >= LEAST_GROUP).sum() < 2:
        raise DataError(
            f"{groups.column} has no two groups of {LEAST_GROUP} rows, so there is nothing to"
            " compare",
            place=origin or None,
            remedy="Give a larger table, or name another column.",
        )
    return groups


class _Judge(ABC):
    """What is measured of a group, as ratios of sums over its rows."""

    positive_label = ""
    truth: np.ndarray
    predicted: np.ndarray

    @abstractmethod
    def measures(self) -> Mapping[str, Ratio]:
        """Each measure from sums over rows, of shape (..., n_sums), to two of shape (...)."""

    @abstractmethod
    def metrics(self) -> Mapping[str, Callable[[Any, Any], float]]:
        """The same measures as fairlearn wants them: functions of truth and prediction."""

    @abstractmethod
    def counted(self, groups: Groups) -> np.ndarray:
        """Sums of the groups themselves, of shape (n_groups, n_sums)."""

    @abstractmethod
    def resampled(self, groups: Groups, rng: np.random.Generator) -> np.ndarray:
        """Sums of resampled groups, of shape (n_draws, n_groups, n_sums)."""

    @abstractmethod
    def by_chance(
        self, ratio: Ratio, counted: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draws of a measure of groups that have it alike, of shape (n_draws, n_groups).

        Its wholes are those of the groups: a group of few positives has an uncertain true
        positive rate, however many rows it has.
        """

    @abstractmethod
    def criteria(self, rates: Mapping[str, Rate], compared: np.ndarray) -> dict[str, float]:
        """The differences that have a name."""


class _Classes(_Judge):
    """Classes: counts of true and predicted class."""

    def __init__(
        self,
        truth: np.ndarray,
        predicted: np.ndarray,
        classes: Sequence[Any],
        positive: int | None,
    ) -> None:
        self.truth, self.predicted = truth, predicted
        self.n = len(classes)
        self.cells = truth * self.n + predicted
        if positive is not None:
            self.told = {"": positive}
            self.positive_label = str(classes[positive])
        else:
            frequent = np.argsort(-np.bincount(truth, minlength=self.n), kind="stable")
            self.told = {f" of {classes[code]}": int(code) for code in frequent[:MOST_CLASSES]}

    def measures(self) -> Mapping[str, Ratio]:
        def square(sums: np.ndarray) -> np.ndarray:
            return sums.reshape(*sums.shape[:-1], self.n, self.n)

        def accuracy(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            cells = square(sums)
            return np.einsum("...ii->...", cells), cells.sum(axis=(-2, -1))

        def selection(code: int) -> Ratio:
            return lambda sums: (square(sums)[..., :, code].sum(axis=-1), sums.sum(axis=-1))

        def true_positive(code: int) -> Ratio:
            return lambda sums: (
                square(sums)[..., code, code],
                square(sums)[..., code, :].sum(axis=-1),
            )

        def false_positive(code: int) -> Ratio:
            def rate(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
                others = np.delete(square(sums), code, axis=-2)
                return others[..., code].sum(axis=-1), others.sum(axis=(-2, -1))

            return rate

        found: dict[str, Ratio] = {"accuracy": accuracy}
        for of, code in self.told.items():
            found[f"selection rate{of}"] = selection(code)
            found[f"true positive rate{of}"] = true_positive(code)
            found[f"false positive rate{of}"] = false_positive(code)
        return found

    def metrics(self) -> Mapping[str, Callable[[Any, Any], float]]:
        from fairlearn.metrics import false_positive_rate, selection_rate, true_positive_rate
        from sklearn.metrics import accuracy_score

        def of(metric: Callable[..., float], code: int) -> Callable[[Any, Any], float]:
            def measured(truth: Any, predicted: Any) -> float:
                return float(metric(np.asarray(truth) == code, np.asarray(predicted) == code))

            return measured

        found: dict[str, Callable[[Any, Any], float]] = {"accuracy": accuracy_score}
        for name, code in self.told.items():
            found[f"selection rate{name}"] = of(_selected(selection_rate), code)
            found[f"true positive rate{name}"] = of(_rate_or_nan(true_positive_rate, True), code)
            found[f"false positive rate{name}"] = of(
                _rate_or_nan(false_positive_rate, False), code
            )
        return found

    def counted(self, groups: Groups) -> np.ndarray:
        counts = np.zeros((len(groups.labels), self.n * self.n))
        np.add.at(counts, (groups.codes, self.cells), 1)
        return counts

    def resampled(self, groups: Groups, rng: np.random.Generator) -> np.ndarray:
        counts = self.counted(groups)
        drawn = [rng.multinomial(int(own.sum()), own / own.sum(), DRAWS) for own in counts]
        return np.stack(drawn, axis=1).astype(float)

    def by_chance(
        self, ratio: Ratio, counted: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        part, whole = ratio(counted)
        rows = rng.binomial(whole.astype(int), part.sum() / whole.sum(), (DRAWS, len(whole)))
        return np.asarray(rows / whole)

    def criteria(self, rates: Mapping[str, Rate], compared: np.ndarray) -> dict[str, float]:
        chosen = [rates[f"selection rate{of}"] for of in self.told]
        odds = [
            rates[f"{kind} positive rate{of}"].difference
            for of in self.told
            for kind in ("true", "false")
        ]
        ratios = [_ratio(rate, compared) for rate in chosen]
        return {
            "demographic_parity_difference": max(
                _known(one.difference for one in chosen), default=np.nan
            ),
            "demographic_parity_ratio": min(_known(ratios), default=np.nan),
            "equalized_odds_difference": max(_known(odds), default=np.nan),
        }


class _Numbers(_Judge):
    """Numbers: sums of prediction, truth, error, its size, its square, and of ones."""

    def __init__(self, truth: np.ndarray, predicted: np.ndarray) -> None:
        self.truth, self.predicted = truth, predicted
        error = predicted - truth
        ones = np.ones(len(error))
        self.values = np.column_stack([predicted, truth, error, np.abs(error), error**2, ones])

    def measures(self) -> Mapping[str, Ratio]:
        # The last sum is of ones.
        def mean(place: int) -> Ratio:
            return lambda sums: (sums[..., place], sums[..., -1])

        def root(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            n = sums[..., -1]
            return np.sqrt(np.maximum(sums[..., 4], 0) * n), n

        names = ("mean prediction", "mean truth", "mean error", "mean absolute error")
        found: dict[str, Ratio] = {name: mean(place) for place, name in enumerate(names)}
        return found | {"root mean squared error": root}

    def metrics(self) -> Mapping[str, Callable[[Any, Any], float]]:
        from fairlearn.metrics import mean_prediction
        from sklearn.metrics import mean_absolute_error, root_mean_squared_error

        return {
            "mean prediction": mean_prediction,
            "mean truth": lambda truth, predicted: float(np.mean(truth)),
            "mean error": lambda truth, predicted: float(np.mean(predicted - truth)),
            "mean absolute error": mean_absolute_error,
            "root mean squared error": root_mean_squared_error,
        }

    def counted(self, groups: Groups) -> np.ndarray:
        sums = np.zeros((len(groups.labels), self.values.shape[1]))
        np.add.at(sums, groups.codes, self.values)
        return sums

    def resampled(self, groups: Groups, rng: np.random.Generator) -> np.ndarray:
        drawn = []
        for code in range(len(groups.labels)):
            own = self.values[groups.codes == code]
            if len(own) >= NORMAL_ROWS:
                drawn.append(_sums(own, rng))
                continue
            weights = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), DRAWS)
            drawn.append(weights @ own)
        return np.stack(drawn, axis=1)

    def by_chance(
        self, ratio: Ratio, counted: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        # Groups keep their own spread, so that one of few rows and large errors may be far off.
        return np.asarray(_over(ratio(drawn)) - _over(ratio(counted)))

    def criteria(self, rates: Mapping[str, Rate], compared: np.ndarray) -> dict[str, float]:
        return {
            "mean_prediction_difference": rates["mean prediction"].difference,
            "error_ratio": _ratio(rates["mean absolute error"], compared),
        }


def _sums(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sums over resampled rows, drawn from their normal limit."""
    n = len(values)
    spread = np.cov(values, rowvar=False) * n
    # Sums hang together (an error is a prediction less a truth), so rounding alone makes some
    # variances a little negative; numpy would warn of that.
    drawn = rng.multivariate_normal(
        n * values.mean(axis=0), spread, DRAWS, method="eigh", check_valid="ignore"
    )
    return np.asarray(drawn)


def _over(ratio: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    part, whole = ratio
    rates = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
    return np.asarray(rates)


def _selected(metric: Callable[..., float]) -> Callable[..., float]:
    return lambda truth, predicted: metric(truth, predicted, pos_label=True)


def _rate_or_nan(metric: Callable[..., float], of: bool) -> Callable[..., float]:
    """A rate among rows that are truly so, which fairlearn gives as 0 where there are none."""
    return lambda truth, predicted: (
        metric(truth, predicted, pos_label=True) if (truth == of).any() else np.nan
    )


def _metric_frame(judge: _Judge, groups: Groups) -> Any:
    try:
        from fairlearn.metrics import MetricFrame
    except ImportError as error:
        raise OptionError(
            "fairness needs the package fairlearn, which is missing",
            remedy="Install it: pip install 'trialbook[fairness]'.",
        ) from error
    return MetricFrame(
        metrics=dict(judge.metrics()),
        y_true=judge.truth,
        y_pred=judge.predicted,
        sensitive_features=pd.Series(groups.codes, name="group"),
    )


def _rate(
    name: str,
    judge: _Judge,
    frame: Any,
    drawn: np.ndarray,
    sums: np.ndarray,
    groups: Groups,
    rng: np.random.Generator,
) -> Rate:
    ratio = judge.measures()[name]
    values = frame.by_group[name].to_numpy(dtype=float)
    resampled = _over(ratio(drawn))
    compared = (groups.counts >= LEAST_GROUP) & (ratio(sums)[1] >= LEAST_OF)
    known = ~np.isnan(values)
    low, high = np.full(len(values), np.nan), np.full(len(values), np.nan)
    if known.any():
        low[known], high[known] = np.nanquantile(resampled[:, known], (0.025, 0.975), axis=0)
    used = np.flatnonzero(compared & known)
    gaps = (np.nan, np.nan, np.nan, np.nan)
    lowest = highest = ""
    if len(used) >= 2:
        own = values[used]
        lowest, highest = groups.labels[used[own.argmin()]], groups.labels[used[own.argmax()]]
        gap = float(np.ptp(own))
        ends = np.nanquantile(_gap(resampled[:, used]), (0.025, 0.975))
        chance = judge.by_chance(ratio, sums[used], drawn[:, used], rng)
        expected = float(np.nanquantile(_gap(chance), 0.95))
        gaps = (gap, float(ends[0]), float(ends[1]), expected)
    return Rate(
        name,
        float(frame.overall[name]),
        tuple(values.tolist()),
        tuple(low.tolist()),
        tuple(high.tolist()),
        *gaps,
        lowest,
        highest,
    )


def _gap(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.nanmax(values, axis=1) - np.nanmin(values, axis=1))


def _known(values: Iterable[float]) -> list[float]:
    return [value for value in values if value == value]


def _ratio(rate: Rate, compared: np.ndarray) -> float:
    """Smallest value over the largest."""
    values = _known(np.array(rate.values)[compared].tolist())
    return min(values) / max(values) if values and max(values) > 0 else np.nan
