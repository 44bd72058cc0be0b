"""Refinement: Optuna's TPE over the families that did best."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trialbook.learners import Choice, Float, Int, Learner, Params, Space
from trialbook.search._portfolio import Step, projected_s
from trialbook.tasks import Table

if TYPE_CHECKING:
    import optuna

# Turns of the three best families: the best gets as many as the other two together.
TURNS = (0, 1, 0, 2)
# Families behind these are not refined, even if nothing else fits into the time that is left: in
# sixteen experiments no refinement of such a family got a weight in a vote.
N_FAMILIES = 5
# Configurations drawn at random before the estimator of good regions takes over.
STARTUP_TRIALS = 6
# Draws before a family counts as exhausted: a small discrete space repeats itself.
MAX_DRAWS = 20


class Tuner:
    """Proposes configurations near those that worked.

    Parameters
    ----------
    learners : sequence of Learner
        Families that may be tuned; those without a space are left out.
    table : Table
    seed : int

    Notes
    -----
    Its proposals depend on the seed and on what it was told, in that order, and on nothing else.

    References
    ----------
    S. Watanabe, "Tree-structured Parzen estimator: understanding its algorithm components and
    their roles for better empirical performance", 2023.
    """

    def __init__(self, learners: Sequence[Learner], table: Table, seed: int) -> None:
        self._table = table
        self._seed = seed
        self._spaces = {
            learner.key: (learner, space)
            for learner in learners
            if (space := learner.space(table))
        }
        self._studies: dict[str, optuna.Study] = {}
        self._asked: dict[int, optuna.trial.Trial] = {}
        self._tried: dict[str, dict[str, float | None]] = {key: {} for key in self._spaces}
        self._best: dict[str, float] = {}
        self._turn = 0

    def tell(self, step: Step, loss: float | None) -> None:
        """Learn how a configuration did.

        Parameters
        ----------
        step : Step
        loss : float, optional
            Lower is better; ``None`` if it failed.
        """
        import optuna

        if step.learner not in self._spaces:
            return
        study = self._study(step.learner)
        self._tried[step.learner][_marks(step.params)] = loss
        asked = self._asked.pop(step.number, None)
        if loss is None:
            if asked is not None:
                study.tell(asked, state=optuna.trial.TrialState.FAIL)
            return
        self._best[step.learner] = min(loss, self._best.get(step.learner, loss))
        if asked is not None:
            study.tell(asked, loss)
            return
        params, kinds = _inside(step.params, self._spaces[step.learner][1])
        study.add_trial(optuna.trial.create_trial(params=params, distributions=kinds, value=loss))

    def ask(self, number: int, refuse: Mapping[str, str]) -> Step | None:
        """Propose the next configuration.

        Parameters
        ----------
        number : int
            Position in the plan.
        refuse : mapping of str to str
            Families that are not to be proposed now, such as those too slow for the time left.

        Returns
        -------
        Step or None
            ``None`` if no family is left.
        """
        leading = sorted((loss, key) for key, loss in self._best.items())[:N_FAMILIES]
        ranked = [(loss, key) for loss, key in leading if key not in refuse]
        if not ranked:
            return None
        turn = min(TURNS[self._turn % len(TURNS)], len(ranked) - 1)
        self._turn += 1
        key = ranked[turn][1]
        for family in [key, *(other for _, other in ranked if other != key)]:
            trial = self._new(family)
            if trial is not None:
                self._asked[number] = trial
                params: Params = dict(trial.params)
                seconds = projected_s(self._spaces[family][0], params, self._table)
                name = f"tuned-{trial.number}"
                return Step(number, family, name, params, seconds, origin="tuning")
        return None

    def _new(self, key: str) -> optuna.trial.Trial | None:
        """A configuration of a family that was not tried yet; ``None`` if hardly any is left."""
        import optuna

        study, tried = self._study(key), self._tried[key]
        distributions = {name: _distribution(one) for name, one in self._spaces[key][1].items()}
        for _ in range(MAX_DRAWS):
            trial = study.ask(distributions)
            marks = _marks(trial.params)
            if marks not in tried:
                tried[marks] = None
                return trial
            known = tried[marks]
            if known is None:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                study.tell(trial, known)
        return None

    def _study(self, key: str) -> optuna.Study:
        import optuna

        if key not in self._studies:
            optuna.logging.set_verbosity(optuna.logging.ERROR)
            seed = (self._seed + zlib.crc32(key.encode())) % 2**32
            sampler = optuna.samplers.TPESampler(n_startup_trials=STARTUP_TRIALS, seed=seed)
            self._studies[key] = optuna.create_study(sampler=sampler, direction="minimize")
        return self._studies[key]


def _marks(params: Params) -> str:
    """A text that is the same for the same hyperparameters."""
    return json.dumps(dict(sorted(params.items())))


def _inside(params: Params, space: Space) -> tuple[dict[str, Any], dict[str, Any]]:
    """The hyperparameters that lie in a space, and their distributions."""
    inside: dict[str, Any] = {}
    for name, one in space.items():
        value = params.get(name)
        if value is None or (isinstance(value, str) and not isinstance(one, Choice)):
            continue
        if isinstance(one, Choice):
            if value in one.values:
                inside[name] = value
        elif not isinstance(value, str) and one.low <= value <= one.high:
            inside[name] = value
    return inside, {name: _distribution(space[name]) for name in inside}


def _distribution(one: Float | Int | Choice) -> optuna.distributions.BaseDistribution:
    import optuna

    if isinstance(one, Float):
        return optuna.distributions.FloatDistribution(one.low, one.high, log=one.log)
    if isinstance(one, Int):
        return optuna.distributions.IntDistribution(one.low, one.high, log=one.log)
    return optuna.distributions.CategoricalDistribution(one.values)
