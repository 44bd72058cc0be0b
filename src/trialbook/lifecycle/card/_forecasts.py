"""The parts of a model card that are of forecasts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trialbook._words import brief, plural, sentence
from trialbook.addresses import place_of, title_of
from trialbook.data import (
    LEVELS,
    SCALE_COLUMN,
    SERIES_COLUMN,
    TIME_COLUMN,
    SeriesSpec,
)
from trialbook.errors import DataError, TrialbookError
from trialbook.evaluation import all_metrics, difference, metric
from trialbook.experiment import state
from trialbook.job import Job
from trialbook.lifecycle._held_series import HeldForecasts, held_forecasts, tested_forecasts
from trialbook.lifecycle.card import _facts as facts
from trialbook.lifecycle.card import _judged as judged
from trialbook.lifecycle.card._blocks import (
    Bars,
    Block,
    Code,
    Facts,
    Grid,
    Picture,
    Pictures,
    Points,
    Section,
    Text,
)
from trialbook.lifecycle.card._forecast_errors import error_parts
from trialbook.profiling.page_parts import figure, share

if TYPE_CHECKING:
    from trialbook.lifecycle._handle import Experiment
    from trialbook.lifecycle._trial import Trial
    from trialbook.lifecycle.card._card import Asked

# Metrics by name as people read them, those of a forecast alone before those that need quantiles.
METRICS = {
    "mase": "MASE",
    "rmsse": "RMSSE",
    "smape": "sMAPE",
    "wape": "WAPE",
    "mean_absolute_error": "MAE",
    "root_mean_squared_error": "RMSE",
    "scaled_pinball_loss": "Scaled pinball loss",
    "coverage": "Coverage of 80 %",
}
OF_QUANTILES = ("scaled_pinball_loss", "coverage")
# Shares of the time for pictures and for explanations.
PICTURES_SHARE, EXPLANATION_SHARE = 0.1, 0.4
EXPLAINED = {
    "beeswarm": "What moves each forecast",
    "horizon": "What moves the forecasts of a horizon",
    "decomposition": "Trend, season and rest",
    "components": "The model's own parts",
    "permutation": "What is lost without a covariate",
    "features": "The features made of the series",
}


def forecast_sections(
    experiment: Experiment, trial: Trial, names: Sequence[str], asked: Asked, until: float
) -> tuple[Section, ...]:
    """Every part of the card of a forecast.

    Parameters
    ----------
    experiment : Experiment
    trial : Trial
    names : sequence of str
        What it is called in the registry, with aliases.
    asked : Asked
    until : float
        Of the monotonic clock.

    Returns
    -------
    tuple of Section
    """
    held, test = _held(experiment, trial), tested_forecasts(experiment, trial)
    judge = held or test
    if asked.data is not None:
        judge = test = held_forecasts(experiment, trial, asked.data)
    drawn = PICTURES_SHARE * asked.seconds / 2
    charts = [
        *facts.charts_of(trial, "test", "test rows", drawn),
        *facts.charts_of(trial, "charts", "windows", drawn),
    ]
    parts = [part for part in (held, test) if part is not None]
    errors = [] if judge is None else error_parts(judge, trial, asked, until)
    said = [point for one in errors for point in one.limits]
    most = min(EXPLANATION_SHARE * asked.seconds, judged.left(until))
    spec = _spec(experiment)
    return (
        facts.model_section(experiment, trial, names),
        _limits(experiment, spec, said, asked.intended_use, asked.owner),
        _metrics(experiment, trial, parts, charts),
        _coverage(parts),
        *(one.section for one in errors),
        _explanation(experiment, trial, most),
        _data(experiment, spec, asked.licence),
        facts.checks_section(experiment.guardrails),
        _use(experiment, spec, trial, names),
        facts.environment_section(trial),
    )


def _spec(experiment: Experiment) -> SeriesSpec:
    spec = experiment.schema.series
    if spec is None:
        raise TypeError("the schema has no series")
    return spec


def _held(experiment: Experiment, trial: Trial) -> HeldForecasts | None:
    try:
        return held_forecasts(experiment, trial)
    except DataError:  # kept without forecasts of its windows
        return None


def _metrics(
    experiment: Experiment,
    trial: Trial,
    parts: Sequence[HeldForecasts],
    charts: Sequence[Block],
) -> Section:
    """Metrics beside those of a seasonal naive forecast, and charts."""
    folds = state.read_json(experiment.folder / state.FOLDS)
    lead = (
        f"Validated by rolling origin: {folds['description'].rstrip('.')}. The score that ranks,"
        f" {experiment.metric}, is {figure(trial.score)}, the mean over the windows."
    )
    blocks: list[Block] = [Text(lead)]
    if parts:
        head, columns = ["Metric"], []
        for part in parts:
            head += [part.origin, "seasonal naive"]
            columns += [_measured(part.truth, part.prediction), _of_naive(part)]
        rows = [
            [label, *(figure(column[name]) if name in column else "" for column in columns)]
            for name, label in METRICS.items()
        ]
        blocks.append(Grid(head, rows, range(1, len(head))))
        told = [
            f"On {part.origin}, {_against_naive(part)}." for part in parts if _against_naive(part)
        ]
        blocks.append(Points(told))
        blocks.append(Text(_HOW, muted=True))
    return Section("metrics", "How good it is", [*blocks, *charts])


_HOW = (
    "All rows are taken together. A seasonal naive forecast repeats the last season before the"
    " origin. MASE is the mean error divided by what that was off by in training: 1 is no better."
    " Intervals by bootstrap of series, or of rows where there are fewer than ten series."
)


def _measured(truth: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    with np.errstate(invalid="ignore"):
        return all_metrics("forecasting", truth, prediction)


def _of_naive(part: HeldForecasts) -> dict[str, float]:
    """Metrics of a seasonal naive forecast; it has no quantiles."""
    known = np.isfinite(part.naive)
    if not known.any():
        return {}
    same = np.repeat(part.naive[known, None], 1 + len(LEVELS), axis=1)
    found = _measured(part.truth[known], same)
    return {name: value for name, value in found.items() if name not in OF_QUANTILES}


def _against_naive(part: HeldForecasts) -> str:
    """How much better than a seasonal naive forecast it is, and how sure that is."""
    known = np.isfinite(part.naive) & np.isfinite(part.scale)
    if not known.any():
        return ""
    width = part.prediction.shape[1]
    naive = np.repeat(part.naive[known, None], width, axis=1)
    found = difference(
        metric("mase", "forecasting"),
        part.truth[known],
        naive,
        part.prediction[known],
        groups=part.series[known],
    )
    if found.gain == 0:
        return "a seasonal naive forecast does as well"
    return f"against a seasonal naive forecast it is {found.told}"


def _coverage(parts: Sequence[HeldForecasts]) -> Section:
    """What its intervals promise, and keep."""
    head, rows = ["Promised"], []
    for part in parts:
        head += [f"Kept, on {part.origin}", "Mean width"]
    n_levels = len(LEVELS)
    for place in range(n_levels // 2 - 1, -1, -1):
        row = [share(LEVELS[n_levels - 1 - place] - LEVELS[place])]
        for part in parts:
            low, high = part.prediction[:, 1 + place], part.prediction[:, n_levels - place]
            row += [share(float(np.mean((low <= part.y) & (part.y <= high))))]
            row += [figure(float(np.mean(high - low)))]
        rows.append(row)
    lead = (
        "Intervals between quantiles, made of the errors of the windows. Those of a window know"
        " only the errors of earlier ones."
    )
    blocks = [Grid(head, rows, range(1, len(head)))] if parts else []
    return Section("intervals", "What its intervals promise", blocks, lead)


def _explanation(experiment: Experiment, trial: Trial, seconds: float) -> Section:
    """What moves its forecasts."""
    title = "What it looks at"
    try:
        found = experiment.explain(trial.run_id, timeout=max(1.0, seconds))
    except TrialbookError as error:
        said = f"Not explained: {error.cause}. {error.remedy or ''}".rstrip()
        return Section("explanation", title, [Text(said, muted=True)])
    table = found.importance
    table = table[table["importance"] > 0].head(judged.COLUMNS_SHOWN)
    most = float(table["importance"].max()) if len(table) else 1.0
    bars = [
        (str(one.column), float(one.importance) / most, brief(float(one.importance)))
        for one in table.itertuples()
    ]
    said = f"On {plural(len(found.rows), 'forecast')} ({'; '.join(found.values.methods)})."
    blocks: list[Block] = [Bars(bars), Text(said, muted=True)]
    blocks += [Text(f"{sentence(note)}", muted=True) for note in found.notes]
    folder = trial.folder / judged.EXPLANATION
    shown = [
        Picture(f"{judged.EXPLANATION}_{name}", caption, path.read_bytes())
        for name, caption in EXPLAINED.items()
        if (path := folder / f"{name}.png").is_file()
    ]
    lead = (
        "By how much each moves forecasts from the mean of their series, on average, in units of"
        f" {experiment.schema.target}."
    )
    return Section("explanation", title, [*blocks, *([Pictures(shown)] if shown else [])], lead)


def _limits(
    experiment: Experiment,
    spec: SeriesSpec,
    found: Sequence[str],
    intended: str | None,
    owner: str | None,
) -> Section:
    """What it is meant for, and what is known of its limits."""
    points = [
        f"It was validated on horizons of {plural(spec.horizon, 'row')}: beyond that, nothing says"
        " how good its forecasts are.",
        "It forecasts the series that it was trained on"
        + (", and no others." if spec.hierarchy else "; others only from rows of their past."),
    ]
    if spec.covariates:
        points.append(
            f"It takes what is known of the future: {judged.some(list(spec.covariates))}. Where"
            " these are forecasts themselves, it errs more than these figures say."
        )
    alerted = [one for one in experiment.guardrails if one.verdict == "alerted"]
    points += [f"{one.name}: {one.finding}." for one in alerted[:8]]
    points += list(found)
    blocks: list[Block] = [
        Text(intended or "Nobody has written down what it is meant for (--intended-use).")
    ]
    if owner:
        blocks.append(Text(f"Owner: {owner}"))
    return Section("limits", "Intended use and limits", [*blocks, Points(points)])


def _data(experiment: Experiment, spec: SeriesSpec, licence: str | None) -> Section:
    """Where the rows are from, and what series they make."""
    schema = experiment.schema
    job = state.read_json(experiment.folder / state.JOB)
    address = str(job["data"])
    in_memory = address == Job.IN_MEMORY
    kept = experiment.folder / state.TABLE
    version = state.read_json(kept).get("version") if kept.exists() else None
    columns = [SERIES_COLUMN, TIME_COLUMN, schema.target, SCALE_COLUMN]
    rows = pd.read_parquet(experiment.folder / state.TRAIN, columns=columns)
    sizes = rows.groupby(SERIES_COLUMN).size()
    test = experiment.folder / state.TEST
    n_test = len(pd.read_parquet(test, columns=[TIME_COLUMN])) if test.exists() else 0
    target = rows[schema.target].to_numpy(dtype=float)
    ends = f"{figure(float(target.min()))} to {figure(float(target.max()))}"
    facts_ = [
        ("Source", "a table in memory" if in_memory else title_of(address) or address),
        ("Place", "" if in_memory else place_of(address)),
        ("Version of the table", "" if version is None else str(version)),
        ("Licence", licence or "not stated"),
        ("Series", spec.told(len(sizes))),
        ("Told apart by", ", ".join(spec.ids) or "nothing: the table is one series"),
        ("Rows of a series", f"{sizes.min():,} to {sizes.max():,}, median {sizes.median():,.0f}"),
        ("Time", f"{rows[TIME_COLUMN].min()} to {rows[TIME_COLUMN].max()}"),
        ("Rows that trained and validated", f"{len(rows):,}"),
        ("Rows held out for the test", f"{n_test:,}" if n_test else "none"),
        ("Known of the future", ", ".join(spec.covariates)),
        ("Known of the past alone", ", ".join(spec.past_only)),
        (schema.target, f"{ends}, median {figure(float(np.median(target)))}"),
        ("Zeros", share(float((target == 0).mean()))),
    ]
    return Section("data", "Data", [Facts(facts_)])


def _use(experiment: Experiment, spec: SeriesSpec, trial: Trial, names: Sequence[str]) -> Section:
    """How to load and ask it."""
    which = names[0].split(" ")[0] if names else trial.label
    workspace = experiment.workspace.name
    place = f', name="{experiment.name}"' if not names else ""
    rows = 'future="future.parquet"' if spec.covariates else ""
    python = (
        "import trialbook as tb\n\n"
        f'model = tb.load_model("{which}", workspace="{workspace}"{place})\n'
        f"model.forecast({rows})\n"
        'model.rolling("recent.parquet", step=1)  # as time goes on'
    )
    where = f"--workspace {workspace}" + (f" --name {experiment.name}" if not names else "")
    table = " future.csv" if spec.covariates else ""
    shell = f"trialbook predict {which}{table} -o forecast.csv {where}"
    columns = json.dumps([spec.time, *spec.ids, *spec.covariates])
    plain = (
        "import mlflow\nimport pandas as pd\n\n"
        f'mlflow.set_tracking_uri("sqlite:///{workspace}/mlflow.db")\n'
        f'model = mlflow.pyfunc.load_model("{trial.uri}")  # needs no Trialbook\n'
        f"model.predict(future)  # a table with {columns}"
    )
    blocks: list[Block] = [Code(python, "python"), Code(shell, "bash")]
    if experiment.elsewhere is None:
        blocks.append(Code(plain, "python"))
    return Section("use", "How to use it", blocks)
