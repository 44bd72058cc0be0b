"""The part of an experiment that looks closely at its trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from trialbook.evaluation.errors import ErrorAnalysis
    from trialbook.evaluation.fairness import Fairness
    from trialbook.lifecycle._handle import Experiment
    from trialbook.lifecycle.card import ModelCard
    from trialbook.tables import Source as Table


class Judging:
    """What `Experiment` says of errors, fairness and limits of its trials."""

    @property
    def _experiment(self) -> Experiment:
        return cast("Experiment", self)

    def errors(
        self,
        trial: str | int = "best",
        data: Table | None = None,
        columns: Sequence[str] | None = None,
        by: Sequence[str] = (),
    ) -> ErrorAnalysis:
        """Find where a trial errs: cohorts of rows, told in words, and a map of two columns.

        Parameters
        ----------
        trial : str or int, optional
            Which model; the best by default.
        data : table, optional
            With the target, of rows that the model has not seen; else the rows of training, each
            as predicted by a model that had not seen it.
        columns : sequence of str, optional
            Columns that cohorts may be told by, features or not; all features by default.
        by : sequence of str, optional
            One or two columns for the map; else those that tell errors best.

        Returns
        -------
        ErrorAnalysis
            Its `table` has the cohorts, worst first, with figures of rows that did not shape them.

        Raises
        ------
        NoModelError, DataError, OptionError
            If the trial has no model, there are fewer than 60 rows, or a column is not there.
        """
        from trialbook.lifecycle._judge import errors_of

        return errors_of(self._experiment, trial, data, columns, by)

    def fairness(
        self, by: str | Sequence[str], trial: str | int = "best", data: Table | None = None
    ) -> Fairness:
        """Compare how a trial does on groups of people.

        Parameters
        ----------
        by : str or sequence of str
            A sensitive column, or two whose groups are taken together. Numbers and dates are cut
            into four groups. What is no feature must be in `data`.
        trial, data
            As in `errors`.

        Returns
        -------
        Fairness
            Its `table` has the measures by group with intervals, its `differences` how far groups
            are apart, and how far they would be by chance.

        Raises
        ------
        NoModelError, DataError, OptionError
            If the trial has no model, a column is not there, there are no two groups of 30 rows,
            or fairlearn is missing.
        """
        from trialbook.lifecycle._judge import fairness_of

        return fairness_of(self._experiment, by, trial, data)

    def card(
        self,
        trial: str | int = "best",
        *,
        data: Table | None = None,
        fairness_by: str | Sequence[str] = (),
        timeout: str | float = 60.0,
        intended_use: str | None = None,
        owner: str | None = None,
        licence: str | None = None,
    ) -> ModelCard:
        """Make the model card of a trial: what it is, how good, where not, and how to use it.

        Parameters
        ----------
        trial : str or int, optional
            Which model; the best by default.
        data : table, optional
            With the target, of rows that the model has not seen: it is judged on these, not on
            out-of-fold rows.
        fairness_by : str or sequence of str, optional
            Sensitive columns to compare groups by; two together as ``"sex,age"``.
        timeout : str or float, optional
            Time for it, such as ``"60s"``; explanations are the rougher for less.
        intended_use, owner, licence : str, optional
            What only people know: what the model is for, whose it is, the licence of the data.

        Returns
        -------
        ModelCard
            Kept as ``card/card.html`` and ``card.md`` among the artifacts of the trial's run.

        Raises
        ------
        NoModelError, DataError, OptionError
            If the trial has no model, or as in `fairness`, where that is asked for.
        """
        from trialbook.lifecycle.card import Asked, make_card

        asked = Asked(data, fairness_by, timeout, intended_use, owner, licence)
        return make_card(self._experiment, trial, asked)
