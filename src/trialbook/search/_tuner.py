"""Refinement: Optuna's TPE over the families that did best."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialbook.learners import Choice, Float, Int, Learner, Params, Space
from trialbook.search._portfolio import Step, projected_s
from trialbook.tasks import AnyTable

if TYPE_CHECKING:
    import optuna

# A second of the best family counts once, one of those that follow so often: an improvement of a
# worse model helps the vote less. Families behind these are not refined, even if nothing else fits
# into the time that is left: in sixteen experiments no refinement of such a family got a weight in
# a vote.
DEARER = (1.0, 2.0, 2.0, 4.0, 4.0)
# Configurations drawn at random before the estimator of good regions takes over.
STARTUP_TRIALS = 6
# Draws before a family counts as exhausted: a small discrete space repeats itself.
MAX_DRAWS = 20


@dataclass
class _Account:
    """What a family has cost so far, and what it had cost at its last two improvements."""

    spent: float = 0.0
    n_trials: int = 0
    under_way: int = 0
    last_gain: float = 0.0
    gain_before: float = 0.0

    def add(self, cost: float, *, gained: bool, asked: bool) -> None:
        """Book a trial."""
        self.spent += cost
        self.n_trials += 1
        self.under_way -= asked
        if gained:
            self.gain_before, self.last_gain = self.last_gain, self.spent

    @property
    def cost_of_improvement(self) -> float:
        """Estimated from the past; trials under way count as if they brought nothing."""
        coming = self.under_way * self.spent / max(1, self.n_trials)
        return max(self.spent + coming - self.last_gain, self.last_gain - self.gain_before)


class Tuner:
    """Proposes configurations near those that worked.

    Parameters
    ----------
    learners : sequence of Learner
        Families that may be tuned; those without a space are left out.
    table : AnyTable
    seed : int

    Notes
    -----
    Its proposals depend on the seed and on what it was told, in that order, and on nothing else.

    The next family is the one that should improve at the least cost: as much as it has spent since
    it last did, or as it had to spend then, whichever is more (FLAML's estimate), times `DEARER`.

    References
    ----------
    S. Watanabe, "Tree-structured Parzen estimator: understanding its algorithm components and
    their roles for better empirical performance", 2023.
    C. Wang, Q. Wu, M. Weimer and E. Zhu, "FLAML: a fast and lightweight AutoML library", MLSys
    2021.
    """

    def __init__(self, learners: Sequence[Learner], table: AnyTable, seed: int) -> None:
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
        self._accounts = {key: _Account() for key in self._spaces}

    def tell(
        self,
        step: Step,
        loss: float | None,
        first_loss: float | None = None,
        *,
        cost: float = 1.0,
        gained: bool = False,
    ) -> None:
        """Learn how a configuration did.

        Parameters
        ----------
        step : Step
        loss : float, optional
            Lower is better; ``None`` if it failed or was stopped.
        first_loss : float, optional
            Of the first fold, for one that was stopped after it.
        cost : float
            What it took: seconds, or 1 where the clock is to have no say.
        gained : bool
            Whether it was an improvement.
        """
        import optuna

        if step.learner not in self._spaces:
            return
        study = self._study(step.learner)
        self._accounts[step.learner].add(cost, gained=gained, asked=step.number in self._asked)
        self._tried[step.learner][_marks(step.params)] = loss
        asked = self._asked.pop(step.number, None)
        if loss is None and first_loss is not None:
            params, kinds = _inside(step.params, self._spaces[step.learner][1])
            if asked is not None:
                asked.report(first_loss, step=1)
                study.tell(asked, state=optuna.trial.TrialState.PRUNED)
            else:
                study.add_trial(
                    optuna.trial.create_trial(
                        state=optuna.trial.TrialState.PRUNED,
                        params=params,
                        distributions=kinds,
                        intermediate_values={1: first_loss},
                    )
                )
            return
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

    def ask(self, number: int, refuse: Collection[str] = ()) -> Step | None:
        """Propose the next configuration.

        Parameters
        ----------
        number : int
            Position in the plan.
        refuse : collection of str
            Families that are not to be proposed now, such as those too slow for the time left.

        Returns
        -------
        Step or None
            ``None`` if no family is left.
        """
        leading = [key for _, key in sorted((loss, key) for key, loss in self._best.items())]
        dear = {
            key: dearer * self._accounts[key].cost_of_improvement
            for key, dearer in zip(leading, DEARER, strict=False)
            if key not in refuse
        }
        for family in sorted(dear, key=lambda key: dear[key]):
            trial = self._new(family)
            if trial is not None:
                self._asked[number] = trial
                self._accounts[family].under_way += 1
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
