"""The model card: what a model is, how good it is and where not, on one page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from trialbook._plain import whole_file, write_text
from trialbook.errors import DataError, OptionError
from trialbook.experiment import state
from trialbook.job import read_seconds
from trialbook.lifecycle._held import Held, held_rows
from trialbook.lifecycle.card import _facts as facts
from trialbook.lifecycle.card import _judged as judged
from trialbook.lifecycle.card._blocks import Section, Text
from trialbook.lifecycle.card._forecasts import forecast_sections
from trialbook.lifecycle.card._html import card_page
from trialbook.lifecycle.card._markdown import card_text, pictures_of

if TYPE_CHECKING:
    from trialbook.lifecycle._handle import Experiment
    from trialbook.lifecycle._trial import Trial
    from trialbook.tables import Source as Table

KIND = "Model card"
FOLDER = "card"
# Shares of the time: the bootstrap of metrics, pictures, and explanations, the most costly.
METRICS_SHARE, PICTURES_SHARE, EXPLANATION_SHARE = 0.2, 0.1, 0.4
# Predictions of test rows may take this share; of a slower model fewer rows are predicted.
PREDICTION_SHARE = 0.25
LEAST_TEST_ROWS = 500
# As the explanations keep beside a model.
BACKGROUND_ROWS = 100


@dataclass(frozen=True)
class ModelCard:
    """All that is known of a model, for people.

    Parameters
    ----------
    title, about : str
    sections : tuple of Section
    folder : Path
        Where it is kept: ``card.html``, ``card.md`` and its pictures, among the artifacts of the
        trial's run.
    """

    title: str
    about: str
    sections: tuple[Section, ...]
    folder: Path

    def __repr__(self) -> str:
        return f"<ModelCard of {self.title}: {self.folder}>"

    def to_html(self, path: str | Path | None = None) -> str:
        """The card as one page that asks for nothing from anywhere else.

        Parameters
        ----------
        path : str or Path, optional
            Where to write it, too.

        Returns
        -------
        str

        Raises
        ------
        OptionError, WorkspaceError
            If the folder is not there, or cannot be written.
        """
        text = card_page(KIND, self.title, self.about, self.sections)
        if path is not None:
            write_text(path, text)
        return text

    def to_markdown(self, path: str | Path | None = None) -> str:
        """The card as Markdown.

        Parameters
        ----------
        path : str or Path, optional
            Where to write it, too; its pictures stand beside it, in a folder that ends in
            ``_files``.

        Returns
        -------
        str

        Raises
        ------
        OptionError, WorkspaceError
            If the folder is not there, or cannot be written.
        """
        folder = f"{Path(path).stem if path else 'card'}_files"
        text = card_text(KIND, self.title, self.about, self.sections, folder)
        if path is not None:
            write_text(path, text)
            beside = Path(path).parent / folder
            for name, png in pictures_of(self.sections).items():
                beside.mkdir(exist_ok=True)
                with whole_file(beside / name) as draft:
                    draft.write_bytes(png)
        return text

    def write(self, path: str | Path) -> None:
        """Write it as what the name of a file says: ``.html`` or ``.md``.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        OptionError, WorkspaceError
            If it is neither, or the folder is not there or cannot be written.
        """
        {".html": self.to_html, ".md": self.to_markdown}[card_ending(path)](path)

    def _repr_html_(self) -> str:
        import html

        page = html.escape(self.to_html(), quote=True)
        return f'<iframe srcdoc="{page}" width="100%" height="700"></iframe>'


def card_ending(path: str | Path) -> str:
    """The end of a file's name, if a card can be written so.

    Raises
    ------
    OptionError
        If it is neither ``.html`` nor ``.md``.
    """
    ending = Path(path).suffix.lower()
    ending = {".htm": ".html", ".markdown": ".md"}.get(ending, ending)
    if ending not in (".html", ".md"):
        raise OptionError(
            f"a card cannot be written as '{Path(path).name}'",
            place="option output",
            remedy="End its name in .html or .md.",
        )
    return ending


@dataclass(frozen=True)
class Asked:
    """What is asked of a card, beside the trial; see `Experiment.card`."""

    data: Table | None = None
    fairness_by: str | Sequence[str] = ()
    timeout: str | float = 60.0
    intended_use: str | None = None
    owner: str | None = None
    licence: str | None = None

    @property
    def seconds(self) -> float:
        """The time for it.

        Raises
        ------
        OptionError
            If it is no duration.
        """
        return read_seconds(self.timeout)

    @property
    def groups(self) -> list[list[str]]:
        """The sensitive columns, each alone or two together."""
        named = [self.fairness_by] if isinstance(self.fairness_by, str) else self.fairness_by
        return [[name.strip() for name in one.split(",")] for one in named]


def make_card(experiment: Experiment, which: str | int, asked: Asked) -> ModelCard:
    """Make the card of a trial and keep it in its folder.

    Parameters
    ----------
    experiment : Experiment
    which : str or int
        The trial.
    asked : Asked

    Returns
    -------
    ModelCard
    """
    until = time.monotonic() + asked.seconds
    trial = experiment.trial(which)
    trial.require_model()
    names = experiment.names_of(trial)
    if experiment.schema.series is not None:
        sections = forecast_sections(experiment, trial, names, asked, until)
    else:
        sections = _sections(experiment, trial, names, asked, until)
    title = names[0] if names else f"{experiment.name}: {trial.label}"
    about = f"{experiment.task} of {experiment.schema.target} · made {_today()}"
    card = ModelCard(title, about, sections, trial.folder / FOLDER)
    _keep(card)
    experiment.keep(trial, FOLDER)
    return card


def _sections(
    experiment: Experiment, trial: Trial, names: Sequence[str], asked: Asked, until: float
) -> tuple[Section, ...]:
    """Every part of the card of a model that predicts rows."""
    known = facts.learned(experiment)
    held = _held(experiment, trial)
    test = _test(experiment, trial, asked.data, PREDICTION_SHARE * asked.seconds)
    metrics = _metrics(experiment, trial, known, held, test, asked)
    judge = test if asked.data is not None else held or test
    found = [] if judge is None else _judged(experiment, trial, judge, asked, until)
    intervals = judged.conformal_part(experiment, trial, test)
    most = min(EXPLANATION_SHARE * asked.seconds, judged.left(until))
    explained = judged.explanation_section(experiment, trial, *_features(experiment), most)
    said = [point for one in (*found, intervals) for point in one.limits]
    return (
        facts.model_section(experiment, trial, names),
        judged.limits_section(experiment, known, said, asked.intended_use, asked.owner),
        metrics,
        *(one.section for one in found),
        intervals.section,
        explained,
        facts.data_section(experiment, known, asked.licence),
        facts.checks_section(experiment.guardrails),
        facts.use_section(experiment, trial, names),
        facts.environment_section(trial),
    )


def _metrics(
    experiment: Experiment,
    trial: Trial,
    known: facts.Learned,
    held: Held | None,
    test: Held | None,
    asked: Asked,
) -> Section:
    """Metrics and charts, within their shares of the time."""
    drawn = PICTURES_SHARE * asked.seconds / 2
    charts = [
        *facts.charts_of(trial, "test", "test rows", drawn),
        *facts.charts_of(trial, "charts", "out-of-fold rows", drawn),
    ]
    lead = facts.validation_text(experiment, trial, known)
    most = METRICS_SHARE * asked.seconds
    return judged.metrics_section(experiment, held, test, lead, charts, most)


def _judged(
    experiment: Experiment, trial: Trial, judge: Held, asked: Asked, until: float
) -> list[judged.Judged]:
    """Where it errs, if there is time, and how it treats groups, if that was asked for."""
    late = Text(f"Left out: the {asked.seconds:.0f} s for this card were over.", muted=True)
    found = [judged.Judged(Section("errors", judged.ERRORS, [late]))]
    if judged.left(until) > 0:
        found = [judged.errors_part(judge, trial.label)]
    if asked.groups:
        found.append(judged.fairness_part(judge, asked.groups, experiment, trial.label))
    return found


def _held(experiment: Experiment, trial: Trial) -> Held | None:
    try:
        return held_rows(experiment, trial)
    except DataError:  # kept without out-of-fold predictions
        return None


def _test(experiment: Experiment, trial: Trial, data: Table | None, most_s: float) -> Held | None:
    """The rows that are given or were held out, as many as can be predicted in the time."""
    if data is not None:
        return held_rows(experiment, trial, data)
    path = experiment.folder / state.TEST
    if not path.exists():
        return None
    rows = pd.read_parquet(path)
    per_row = trial.metrics.get("predict_ms", 0.0) / 1e6
    most = len(rows) if per_row == 0 else max(LEAST_TEST_ROWS, int(most_s / per_row))
    if len(rows) > most:
        rows = rows.sample(most, random_state=0).reset_index(drop=True)
    found = held_rows(experiment, trial, rows)
    return replace(found, origin=f"{len(rows):,} test rows")


def _features(experiment: Experiment) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows to explain, of the test if there was one, and rows of training that stand for all."""
    names, folder = experiment.schema.names, experiment.folder
    behind = judged.sample(pd.read_parquet(folder / state.TRAIN, columns=names), seed=1)
    test = folder / state.TEST
    rows = pd.read_parquet(test if test.exists() else folder / state.TRAIN, columns=names)
    return judged.sample(rows), behind.head(BACKGROUND_ROWS)


def _keep(card: ModelCard) -> None:
    card.folder.mkdir(parents=True, exist_ok=True)
    card.to_html(card.folder / "card.html")
    card.to_markdown(card.folder / "card.md")


def _today() -> str:
    import datetime

    return datetime.datetime.now(datetime.UTC).date().isoformat()
