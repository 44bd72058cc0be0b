"""How far a model's predictions may be off: intervals and sets that hold the truth so often."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trialbook.errors import NoModelError, OptionError

# Beside the files of MLflow in the folder of a model.
CONFORMAL_FILE = "conformal.json"


@dataclass(frozen=True)
class Scale:
    """How large errors are by the predicted value, for intervals that are as wide as need be.

    Parameters
    ----------
    knots : tuple of float
        Predicted values, rising.
    values : tuple of float
        Mean absolute error there, above zero; linear in between, constant beyond the ends.
    """

    knots: tuple[float, ...]
    values: tuple[float, ...]

    def at(self, prediction: np.ndarray) -> np.ndarray:
        """The expected size of the error of each prediction.

        Parameters
        ----------
        prediction : ndarray of shape (n,)

        Returns
        -------
        ndarray of shape (n,)
        """
        return np.asarray(np.interp(prediction, self.knots, self.values))


@dataclass(frozen=True)
class Covered:
    """What a coverage was in truth, on rows that had no part in the calibration.

    Parameters
    ----------
    coverage : float
        What was asked for.
    share : float
        Rows whose interval or set held the truth.
    size : float
        Mean width of the intervals, in units of the target, or mean number of classes.
    classes : tuple of float or None
        Share by class, in the order of the classes; None where a class has no rows. Empty for
        intervals.
    """

    coverage: float
    share: float
    size: float
    classes: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Conformal:
    """The calibration of a model: quantiles of how unfitting out-of-fold predictions were.

    Parameters
    ----------
    n_rows : int
        Rows that calibrated.
    coverages : tuple of float
        Grid of coverages, rising.
    quantiles : tuple of float or None
        For each, the score that so many rows stay within; None where the rows are too few. The
        score is the absolute error (divided by `scale`) of a number, and one less the probability
        of the true class.
    scale : Scale, optional
        For intervals that are wider where errors are larger.
    by_class : tuple of tuple of float or None
        The quantiles of the rows of each class alone; empty for intervals.
    measured : tuple of Covered
        Coverage by cross-fitting on the rows that calibrated.
    """

    n_rows: int
    coverages: tuple[float, ...]
    quantiles: tuple[float | None, ...]
    scale: Scale | None = None
    by_class: tuple[tuple[float | None, ...], ...] = ()
    measured: tuple[Covered, ...] = ()

    def interval(
        self, prediction: np.ndarray, coverage: float = 0.9
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends around predictions of a number.

        Parameters
        ----------
        prediction : ndarray of shape (n,)
        coverage : float
            Share of rows whose truth the intervals are to hold. Of a grid in steps of 0.01, the
            next larger one counts.

        Returns
        -------
        tuple of two ndarrays of shape (n,)

        Raises
        ------
        OptionError
            If the coverage is not between 0.5 and 0.999, or takes more rows than there were.
        """
        place = self._place(coverage)
        found = self.quantiles[place]
        if found is None:
            raise OptionError(
                f"a coverage of {coverage:g} cannot be promised from {self.n_rows:,} rows",
                place="option coverage",
                remedy=f"Ask for {self._most():g} at most.",
            )
        half = found if self.scale is None else found * self.scale.at(prediction)
        return prediction - half, prediction + half

    def sets(
        self, probabilities: np.ndarray, coverage: float = 0.9, *, per_class: bool = False
    ) -> np.ndarray:
        """Which classes the truth may be.

        Parameters
        ----------
        probabilities : ndarray of shape (n, n_classes)
        coverage : float
            As in `interval`.
        per_class : bool, optional
            Keep the coverage for the rows of every class, not only for all rows together. A class
            of too few rows is then in every set.

        Returns
        -------
        ndarray of bool, shape (n, n_classes)
            The most probable class is always there.

        Raises
        ------
        OptionError
            If the coverage is not between 0.5 and 0.999.
        """
        place = self._place(coverage)
        n_classes = probabilities.shape[1]
        found = [one[place] for one in self.by_class] if per_class else [self.quantiles[place]]
        limits = np.array([math.inf if one is None else one for one in found])
        within = 1.0 - probabilities <= np.broadcast_to(limits, (n_classes,))
        within[np.arange(len(within)), probabilities.argmax(axis=1)] = True
        return np.asarray(within)

    def write(self, folder: Path) -> None:
        """Keep it in the folder of a model."""
        text = json.dumps(asdict(self), separators=(",", ":"))
        (folder / CONFORMAL_FILE).write_text(text + "\n", "utf-8")

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Conformal:
        """The calibration that `write` kept."""
        scale = data["scale"]
        return cls(
            n_rows=data["n_rows"],
            coverages=tuple(data["coverages"]),
            quantiles=tuple(data["quantiles"]),
            scale=scale and Scale(tuple(scale["knots"]), tuple(scale["values"])),
            by_class=tuple(map(tuple, data["by_class"])),
            measured=tuple(
                Covered(**{**one, "classes": tuple(one["classes"])}) for one in data["measured"]
            ),
        )

    def _place(self, coverage: float) -> int:
        """Position in the grid of the coverage, or of the next larger one."""
        least, most = self.coverages[0], self.coverages[-1]
        if not least - 1e-9 <= coverage <= most + 1e-9:
            raise OptionError(
                f"a coverage of {coverage:g} cannot be promised",
                place="option coverage",
                remedy=f"Choose from {least:g} to {most:g}, such as 0.9.",
            )
        return int(np.searchsorted(self.coverages, coverage - 1e-9))

    def _most(self) -> float:
        """The largest coverage that the rows allow."""
        known = [c for c, q in zip(self.coverages, self.quantiles, strict=True) if q is not None]
        return known[-1] if known else math.nan


def read_conformal(folder: Path) -> Conformal:
    """The calibration in the folder of a model.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Conformal

    Raises
    ------
    NoModelError
        If the model has none.
    """
    path = folder / CONFORMAL_FILE
    if not path.is_file():
        raise NoModelError(
            f"the model was stored without {CONFORMAL_FILE}, so its errors are not known",
            place=str(folder),
            remedy="Train it anew: every trial is stored with it.",
        )
    return Conformal.from_dict(json.loads(path.read_text("utf-8")))
