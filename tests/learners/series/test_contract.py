"""What every learner of series must keep to, whether there are covariates and seasons or not.

The series are short and easy, so that the programs, not the algorithms, are what is tried.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import math
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

import cloudpickle
import numpy as np
import pandas as pd
import pytest

from trialbook.data import LookBack
from trialbook.evaluation import metric
from trialbook.learners import Learner, all_learners, find, installed
from trialbook.learners._base import Params, Start
from trialbook.learners.series._neural import NeuralLearner
from trialbook.program import Code, MetricCode, import_program
from trialbook.program.series import SeriesFrame, forecasting_program
from trialbook.tasks import SeriesTable

KEYS = [key for key, one in all_learners().items() if "forecasting" in one.tasks]
PUBLIC = {
    *("catboost", "copy", "holidays", "lightgbm", "logging", "matplotlib", "mlforecast"),
    *("numpy", "pandas"),
    *("pathlib", "prophet", "scipy", "sklearn", "statsforecast", "threadpoolctl", "utilsforecast"),
    *("contextlib", "neuralforecast", "statsmodels", "torch", "warnings", "xgboost"),
}
HORIZON, N_FOLDS = 4, 2
# Steps that a network trains here, and rows from which on it is proposed.
STEPS, MANY = 12, 2000


@dataclass(frozen=True)
class Case:
    """A small set of series."""

    n_series: int
    season: int
    covariates: bool
    n_rows: int = 48
    holidays: str | None = None
    look_back: LookBack = field(default_factory=LookBack)

    @property
    def static(self) -> tuple[str, ...]:
        return ("place",) if self.covariates and self.n_series > 1 else ()

    @property
    def names(self) -> tuple[str, ...]:
        return ("price", "open") if self.covariates else ()

    @property
    def past_only(self) -> tuple[str, ...]:
        return ("visits",) if self.covariates else ()

    def data(self) -> pd.DataFrame:
        """Rows as programs read them, and the horizon after them, which has no side."""
        rng, parts = np.random.default_rng(3), []
        for number in range(self.n_series):
            n = self.n_rows + HORIZON
            t = np.arange(n)
            price, is_open = rng.uniform(1, 3, n), (rng.random(n) < 0.7).astype(float)
            y = 50 * (number + 1) + 0.3 * t + rng.normal(size=n)
            y += 9 * np.sin(2 * np.pi * t / self.season) if self.season > 1 else 0
            y += 4 * price + 3 * is_open if self.covariates else 0
            part = pd.DataFrame({"unique_id": f"s{number}", "ds": self.times(n)})
            if self.covariates:
                visits = np.append(rng.random(HORIZON), y[:-HORIZON])
                part = part.assign(price=price, open=is_open, visits=visits)
            part = part.assign(
                **dict.fromkeys(self.static, float(number)), y=y, scale=1.0 + number
            )
            for fold in range(N_FOLDS):
                end = self.n_rows - (N_FOLDS - 1 - fold) * HORIZON
                part[f"fold_{fold}"] = np.select([t < end - HORIZON, t < end], [1, 0], -1)
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def times(self, n: int) -> pd.DatetimeIndex:
        return pd.date_range("2020-01-01", periods=n, freq="MS" if self.season == 12 else "D")

    def table(self) -> SeriesTable:
        size = self.n_rows - HORIZON
        return SeriesTable(
            n_rows=size * self.n_series,
            n_folds=N_FOLDS,
            n_series=self.n_series,
            shortest=size,
            longest=size,
            span=(N_FOLDS - 1) * HORIZON,
            season=self.season,
            horizon=HORIZON,
            frequency="MS" if self.season == 12 else "D",
            covariates=self.names,
            static=self.static,
            metric="mase",
            n_jobs=1,
            past_only=self.past_only,
            holidays=self.holidays,
            look_back=self.look_back,
            positive=True,
        )


CASES = {
    "one": Case(1, 12, covariates=False),
    "several": Case(2, 12, covariates=True),
    "no season": Case(2, 1, covariates=False),
    "one, no season": Case(1, 1, covariates=True, holidays="DE"),
    "as asked": Case(2, 12, False, look_back=LookBack((1, 3), 6, stl="season_trend")),
    "as suggested": Case(1, 12, False, look_back=LookBack(found_lags=2, found_window=5)),
}


def marks(key: str) -> list[pytest.MarkDecorator]:
    """Marks that skip what runs a learner whose package is not installed."""
    reason = f"{all_learners()[key].requires} is not installed"
    return [pytest.mark.skipif(not installed(all_learners()[key]), reason=reason)]


def starts(learner: Learner, table: SeriesTable) -> tuple[Start, ...]:
    """The starts of a learner; one of a network, which is soon trained."""
    if not isinstance(learner, NeuralLearner):
        return learner.starts(table)
    one = learner.starts(replace(table, n_rows=MANY))[0]
    return (replace(one, params={**one.params, "max_steps": STEPS}),)


def combinations() -> list[object]:
    return [
        pytest.param(key, case, marks=marks(key), id=f"{key}-{case}")
        for key in KEYS
        for case, one in CASES.items()
        if starts(all_learners()[key], one.table())
    ]


def write(learner: Learner, params: Params, case: Case, folder: Path) -> str:
    """The program of one configuration, and the rows that it reads."""
    data = case.data()
    path = folder / "train.parquet"
    data[data.groupby("unique_id").cumcount() < case.n_rows].to_parquet(path, index=False)
    return text_of(learner, params, case.table(), path)


def text_of(learner: Learner, params: Params, table: SeriesTable, path: Path) -> str:
    chosen = metric("mase", "forecasting")
    frame = SeriesFrame(
        experiment="contract",
        target="y",
        frequency=table.frequency,
        season=table.season,
        horizon=table.horizon,
        covariates=table.covariates,
        static=table.static,
        fold_columns=tuple(f"fold_{i}" for i in range(N_FOLDS)),
        validation="Two windows.",
        metric=MetricCode(
            chosen.name,
            chosen.function.__name__,
            inspect.getsource(chosen.function).rstrip(),
            chosen.imports,
            chosen.greater_is_better,
        ),
        data=Code(f'Path("{path.as_posix()}")'),
        seed=0,
        n_jobs=1,
        past_only=table.past_only,
    )
    code = learner.code(params, table)
    return forecasting_program(frame, code, title="A trial", summary="Tried.")


def load(source: str, folder: Path) -> ModuleType:
    path = folder / "trial.py"
    path.write_text(source, encoding="utf-8")
    return import_program(path, "trial_of_series")


def future(case: Case) -> pd.DataFrame:
    """The rows after those of training."""
    data = case.data()
    rows = data[data.groupby("unique_id").cumcount() >= case.n_rows]
    return rows[["unique_id", "ds", *case.static, *case.names]].reset_index(drop=True)


def imported(source: str) -> set[str]:
    """Packages that a program imports."""
    packages = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            packages |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            packages.add(str(node.module).split(".")[0])
    return packages


LOAD_ELSEWHERE = """
import pickle, sys
import numpy as np
import pandas as pd

with open(sys.argv[1] + "/model.pkl", "rb") as file:
    model = pickle.load(file)
told = model.predict(pd.read_parquet(sys.argv[1] + "/future.parquet"))
np.save(sys.argv[1] + "/told.npy", told.to_numpy())
assert "trialbook" not in sys.modules
"""


@pytest.mark.parametrize(("key", "name"), combinations())
def test_every_start_forecasts_and_repeats(key: str, name: str, tmp_path: Path) -> None:
    learner, case = all_learners()[key], CASES[name]
    for start in starts(learner, case.table()):
        source = write(learner, start.params, case, tmp_path)
        assert imported(source) <= PUBLIC
        module = load(source, tmp_path)
        X, y, folds, scale = module.load()
        results = list(module.cross_validate(X, y, folds, scale))
        assert len(results) == N_FOLDS
        for fold, (_, rows, told) in enumerate(results):
            np.testing.assert_array_equal(rows, np.flatnonzero(folds[:, fold] == 0))
            assert told.shape == (HORIZON * case.n_series, 10)
            assert np.isfinite(told).all()
            assert (np.diff(told[:, 1:], axis=1) >= 0).all()
            # No start may be far off series that are this easy: their levels are 50 and more.
            assert np.abs(told[:, 0] - y[rows]).mean() < 25
            assert module.evaluate(y, rows, told, scale) < 25
        again = next(iter(load(source, tmp_path).cross_validate(X, y, folds, scale)))
        np.testing.assert_array_equal(again[2], results[0][2])


@pytest.mark.parametrize("key", [pytest.param(key, marks=marks(key)) for key in KEYS])
def test_a_model_loads_where_there_is_no_trialbook(key: str, tmp_path: Path) -> None:
    learner, case = all_learners()[key], CASES["several"]
    # With earlier values of columns, where it takes them.
    start = starts(learner, case.table())[-1]
    module = load(write(learner, start.params, case, tmp_path), tmp_path)
    X, y, folds, scale = module.load()
    errors = [found for found, _, _ in module.cross_validate(X, y, folds, scale)]
    model = module.combine(errors, X, y)
    rows = future(case)
    told = model.predict(rows)
    assert list(told) == ["forecast", *(str(level / 10) for level in range(1, 10))]
    assert np.isfinite(told.to_numpy()).all()
    cloudpickle.register_pickle_by_value(module)
    (tmp_path / "model.pkl").write_bytes(cloudpickle.dumps(model))
    rows.to_parquet(tmp_path / "future.parquet")
    script = tmp_path / "elsewhere.py"
    script.write_text(LOAD_ELSEWHERE, encoding="utf-8")
    subprocess.run([sys.executable, "-I", script, tmp_path], check=True, timeout=240)
    exact = {"rtol": 1e-6} if key in NETWORKS else {"rtol": 0, "atol": 1e-9}  # of 32 bits
    np.testing.assert_allclose(np.load(tmp_path / "told.npy"), told, **exact)

    # Some series alone, a longer horizon, and what was observed since.
    last = rows["unique_id"] == rows["unique_id"].iloc[-1]
    alone = model.predict(rows[last].reset_index(drop=True))
    np.testing.assert_allclose(alone, told[last], rtol=1e-6, atol=1e-6)
    step = pd.tseries.frequencies.to_offset(case.table().frequency)
    later = rows.assign(ds=rows["ds"] + HORIZON * step)
    both = pd.concat([rows, later]).sort_values(["unique_id", "ds"], ignore_index=True)
    longer = model.predict(both)
    assert np.isfinite(longer.to_numpy()).all()
    near = (both.groupby("unique_id").cumcount() < HORIZON).to_numpy()
    np.testing.assert_allclose(longer["forecast"][near], told["forecast"], rtol=1e-6, atol=1e-6)
    observed = np.full(len(rows), 1000.0)
    seen = rows.assign(**dict.fromkeys(case.past_only, 1000.0))
    after = model.update(seen, observed).predict(later)["forecast"]
    assert np.isfinite(after).all()
    # What looks one season back has not come to the new rows yet.
    if key not in ("seasonal_naive", "seasonal_average", "seasonal_smoothing"):
        assert np.abs(after - longer["forecast"][~near].to_numpy()).max() > 1e-3


@pytest.mark.parametrize("key", [pytest.param(key, marks=marks(key)) for key in KEYS])
def test_series_that_cannot_be_fitted_are_forecast_all_the_same(key: str, tmp_path: Path) -> None:
    learner, case = all_learners()[key], CASES["several"]
    start = starts(learner, case.table())[0]
    module = load(write(learner, start.params, case, tmp_path), tmp_path)
    X, y, _, _ = module.load()
    # The first series has three rows, the second never changes.
    kept = (X["unique_id"] != "s0") | (X.groupby("unique_id").cumcount() >= case.n_rows - 3)
    X, y = X[kept].reset_index(drop=True), y[kept.to_numpy()]
    y[(X["unique_id"] == "s1").to_numpy()] = 7.0
    told = module.build_forecaster().fit(X, y).forecast(future(case))
    assert np.isfinite(told).all()
    np.testing.assert_allclose(told[HORIZON : 2 * HORIZON], 7.0, atol=3.0)
    assert np.abs(told[:HORIZON] - y[:3].mean()).max() < 100


@pytest.mark.parametrize("key", [pytest.param(key, marks=marks(key)) for key in KEYS])
def test_a_new_series_is_forecast_as_one_with_the_same_past(key: str, tmp_path: Path) -> None:
    learner, case = all_learners()[key], CASES["several"]
    start = starts(learner, case.table())[0]
    module = load(write(learner, start.params, case, tmp_path), tmp_path)
    X, y, _, _ = module.load()
    spread = module.Spread(module.SEASON).fit(X, y)
    forecaster = module.build_forecaster().fit(X, y)
    errors = np.linspace(-1, 1, 9)
    model = module.CalibratedForecaster(forecaster, spread, errors, module.LEVELS)
    first = (X["unique_id"] == "s0").to_numpy()
    model.update(X[first].assign(unique_id="twin"), y[first])
    rows = future(case)
    twin = rows[rows["unique_id"] == "s0"].assign(unique_id="twin")
    told = model.predict(pd.concat([rows, twin], ignore_index=True)).to_numpy()
    # DeepAR tells the median of courses that it draws for each series.
    np.testing.assert_allclose(
        told[-HORIZON:], told[:HORIZON], rtol=0.1 if key == "deepar" else 1e-5
    )


# Names that libraries have for themselves, or that some of them refuse.
NAMES = ({"price": "month", "open": "temp [C]"}, {"price": "trend", "open": "holidays"})


@pytest.mark.parametrize("given", NAMES, ids=["dates", "parts"])
@pytest.mark.parametrize("key", [pytest.param(key, marks=marks(key)) for key in KEYS])
def test_columns_may_be_called_as_libraries_call_theirs(
    key: str, given: dict[str, str], tmp_path: Path
) -> None:
    learner, case = all_learners()[key], CASES["several"]
    table = replace(case.table(), covariates=tuple(given.values()))
    path = tmp_path / "train.parquet"
    data = case.data().rename(columns=given)
    data[data.groupby("unique_id").cumcount() < case.n_rows].to_parquet(path, index=False)
    start = starts(learner, table)[0]
    module = load(text_of(learner, start.params, table, path), tmp_path)
    X, y, folds, _ = module.load()
    train, valid = np.flatnonzero(folds[:, 0] == 1), np.flatnonzero(folds[:, 0] == 0)
    told = module.build_forecaster().fit(X.iloc[train], y[train]).forecast(X.iloc[valid])
    assert np.abs(told - y[valid]).mean() < 25


@pytest.mark.skipif(importlib.util.find_spec("ruff") is None, reason="ruff is not installed")
def test_programs_have_no_undefined_or_unused_names(tmp_path: Path) -> None:
    for key in KEYS:
        for name, case in CASES.items():
            for start in starts(all_learners()[key], case.table()):
                text = text_of(all_learners()[key], start.params, case.table(), tmp_path)
                file = f"{key}_{name}_{start.name}.py".replace(" ", "_").replace(",", "")
                (tmp_path / file).write_text(text, encoding="utf-8")
    check = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache"]
    result = subprocess.run(
        [*check, "--select", "F,E9", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout[-3000:]


AZURE = (
    *("auto_arima", "average", "arimax", "decision_tree", "elastic_net", "exponential_smoothing"),
    *("extreme_random_trees", "gradient_boosting", "knn", "lasso_lars", "light_gbm", "naive"),
    *("prophet", "random_forest", "seasonal_average", "seasonal_naive", "sgd"),
    *("xg_boost_regressor", "TCNForecaster", "tcn_forecaster"),
)


@pytest.mark.parametrize("name", AZURE)
def test_names_of_azure_are_known(name: str) -> None:
    assert "forecasting" in find(name, "forecasting").tasks


def test_names_are_unambiguous() -> None:
    owners: dict[str, str] = {}
    for key in KEYS:
        for spelling in (key, *all_learners()[key].aliases):
            assert owners.setdefault(spelling.replace("_", ""), key) == key
    tabular = {key for key, one in all_learners().items() if "forecasting" not in one.tasks}
    assert not tabular & set(KEYS)


def test_what_does_not_suit_is_not_proposed() -> None:
    def proposed(**facts: object) -> set[str]:
        table = SeriesTable(**{**vars(CASES["one"].table()), **facts})  # type: ignore[arg-type]
        return {key for key in KEYS if all_learners()[key].starts(table)}

    assert "arimax" not in proposed()
    assert "arimax" in proposed(covariates=("price",))
    assert {"naive", "seasonal_average", "seasonal_smoothing", "mstl"}.isdisjoint(
        proposed(season=1)
    )
    many = proposed(n_series=5000, n_rows=5000 * 60)
    assert {"prophet", "auto_arima", "knn_recursive", "random_forest_recursive"}.isdisjoint(many)
    assert {"seasonal_naive", "theta", "lightgbm_recursive"} <= many
    assert "mstl" not in proposed(season=24, shortest=40)


def test_a_longer_season_is_smoothed_where_it_was_seen() -> None:
    learner = find("seasonal_smoothing")
    hours = replace(CASES["one"].table(), season=24, frequency="h", shortest=720, longest=720)
    assert [start.name for start in learner.starts(hours)] == ["usual", "longer"]
    assert "longer" in learner.space(hours)
    texts = [text_of_code(learner, start.params, hours) for start in learner.starts(hours)]
    assert "season_length=SEASON" in texts[0]
    assert "season_length=168" in texts[1]
    days = replace(hours, shortest=300, longest=300)
    assert [start.name for start in learner.starts(days)] == ["usual"]
    assert "longer" not in learner.space(days)


def test_prophet_knows_the_holidays_of_a_country():
    case = Case(1, 7, False)
    without = find("prophet").code({}, case.table())
    with_them = find("prophet").code({}, replace(case.table(), holidays="US"))
    assert 'country="US"' in str(with_them.forecaster)
    assert "country" not in str(without.forecaster)


NETWORKS = sorted(key for key in KEYS if isinstance(all_learners()[key], NeuralLearner))


@pytest.mark.parametrize("key", NETWORKS)
def test_a_network_is_proposed_where_there_is_much_to_learn_from(key: str) -> None:
    learner, table = all_learners()[key], CASES["several"].table()
    assert learner.extra == "deep"
    assert not learner.starts(table)  # 88 rows
    short, long = learner.starts(replace(table, n_rows=MANY))
    assert learner.cost(short.params, table) < learner.cost(long.params, table)
    assert set(short.params) <= set(learner.space(table))
    # Of one series there is less to learn than a boosted tree knows, too.
    panel = learner.starts(replace(table, n_rows=MANY, n_series=20))[0]
    hours = replace(table, n_rows=MANY * 1000, n_series=20, season=24)
    assert short.gain == learner.starts(hours)[0].gain < panel.gain
    # Windows of a horizon that leaves nothing to look back on.
    assert not learner.starts(replace(table, n_rows=MANY, horizon=20))
    # Windows of long series are cut at every second, third ... row, within the same memory.
    days, hours = (
        replace(table, n_rows=n, longest=n, n_series=1, season=season)
        for n, season in ((MANY, 7), (200_000, 24))
    )
    assert "step_size=1" in text_of_code(learner, short.params, days)
    stride = re.findall(r"step_size=(\d+)", text_of_code(learner, short.params, hours))
    # ... so that windows begin at every hour of a day and of a week.
    assert int(stride[0]) > 1
    assert math.gcd(int(stride[0]), 7 * 24) == 1


def text_of_code(learner: Learner, params: Params, table: SeriesTable) -> str:
    return str(learner.code(params, table).forecaster)


def test_a_network_learns_the_error_that_ranks() -> None:
    learner, table = find("nhits"), CASES["several"].table()
    assert "loss=MAE()" in text_of_code(learner, {}, table)
    assert "loss=MSE()" in text_of_code(learner, {}, replace(table, metric="rmse"))


def test_a_network_sees_columns_of_the_past() -> None:
    assert "PAST_ONLY" in text_of_code(find("tcn"), {}, CASES["several"].table())
    assert "PAST_ONLY" not in text_of_code(find("tcn"), {}, CASES["one"].table())


@pytest.mark.parametrize("key", [pytest.param(key, marks=marks(key)) for key in NETWORKS])
def test_a_network_says_and_writes_nothing(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    learner, case = all_learners()[key], CASES["several"]
    (tmp_path / "run").mkdir()
    start = starts(learner, case.table())[0]
    module = load(write(learner, start.params, case, tmp_path), tmp_path)
    monkeypatch.chdir(tmp_path / "run")
    X, y, _, _ = module.load()
    module.build_forecaster().fit(X, y).forecast(future(case))
    assert capfd.readouterr() == ("", "")
    assert not list((tmp_path / "run").iterdir())
    import ray

    assert not ray.is_initialized()
