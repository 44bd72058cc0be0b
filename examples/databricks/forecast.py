# %% [markdown]
# # AutoML: forecasting
#
# This notebook is written for Databricks' AutoML. Two things differ from one that runs there: the
# import in the next cell, and how tables are written and read.
#
# Requirements: `pip install 'trialbook[forecast,tables,notebook]'`.

# %%
import os

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
from statsmodels.datasets import macrodata

from trialbook import tables
from trialbook.compat import databricks as automl  # there: from databricks import automl

# %% [markdown]
# Five minutes is the least that is documented there; less will do here.

# %%
TIMEOUT_MINUTES = float(os.environ.get("TIMEOUT_MINUTES", "5"))
MAX_TRIALS = int(os.environ["MAX_TRIALS"]) if "MAX_TRIALS" in os.environ else None

# %% [markdown]
# ## The table
#
# Figures of the economy of the United States, quarter by quarter from 1959 to 2009: product,
# consumption, investment and government. A row is a figure of a quarter. The last two years are
# put aside to see how good the forecast was.

# %%
macro = macrodata.load_pandas().data
years, quarters = macro["year"].astype(int), macro["quarter"].astype(int)
macro["quarter_begins"] = pd.to_datetime(
    {"year": years, "month": 3 * quarters - 2, "day": 1},
)
figures = ["realgdp", "realcons", "realinv", "realgovt"]
pdf = macro.melt("quarter_begins", figures, var_name="figure", value_name="billions")
known = pdf["quarter_begins"] < "2007-10-01"

tables.upload(pdf[known], "macro")
pdf.head()

# %% [markdown]
# ## Training
#
# The following starts an AutoML run. `identity_col` tells the series apart, and `output_database`
# keeps the forecast as a table.

# %%
summary = automl.forecast(
    "default.macro",
    target_col="billions",
    time_col="quarter_begins",
    identity_col="figure",
    frequency="quarter",
    horizon=8,
    country_code="",
    primary_metric="smape",
    output_database="default",
    timeout_minutes=TIMEOUT_MINUTES,
    max_trials=MAX_TRIALS,
)

# %%
summary

# %%
print(summary.best_trial)

# %%
pd.DataFrame(
    {
        "model": [trial.model_description[:40] for trial in summary.trials],
        "val_smape": [trial.metrics.get("val_smape") for trial in summary.trials],
        "val_coverage": [trial.metrics.get("val_coverage") for trial in summary.trials],
        "duration": [trial.duration for trial in summary.trials],
    }
)

# %% [markdown]
# ## The table of the forecast

# %%
summary.output_table_name

# %%
forecast_pdf = tables.read(summary.output_table_name.split(".")[-1])
forecast_pdf.head()

# %% [markdown]
# ## The model
#
# It is in the run of the best trial. `predict_timeseries` forecasts, and says of the rows of
# training what the model said of them.

# %%
trial_id = summary.best_trial.mlflow_run_id
pyfunc_model = mlflow.pyfunc.load_model(f"runs:/{trial_id}/model")
forecasts = pyfunc_model._model_impl.python_model.predict_timeseries(include_history=True)
forecasts.tail()

# %%
figure, axes = plt.subplots(len(figures), figsize=(10, 10), sharex=True, layout="constrained")
for axis, name in zip(axes, figures):
    mine = forecasts[forecasts["figure"] == name]
    true = pdf[pdf["figure"] == name]
    axis.plot(true["quarter_begins"], true["billions"], "k.", markersize=3, label="observed")
    axis.plot(mine["ds"], mine["yhat"], label="forecast")
    axis.fill_between(mine["ds"], mine["yhat_lower"], mine["yhat_upper"], alpha=0.2)
    axis.set_title(name)
axes[0].legend()
plt.show()

# %% [markdown]
# How far off was it in the two years that were put aside?

# %%
future = pyfunc_model._model_impl.python_model.make_future_dataframe(include_history=False)
told = pyfunc_model.predict(future)
compared = told.merge(pdf, on=["quarter_begins", "figure"])
off = (compared["forecast"] - compared["billions"]).abs() / compared["billions"]
off.groupby(compared["figure"]).mean().round(3)

# %% [markdown]
# ## Covariates
#
# What is known of the future is looked up in a feature table: whether a day is one of a weekend
# says much of how full a hotel is. The table reaches as far as the forecast.

# %%
days = pd.date_range("2023-10-01", "2024-02-28")
weekend = pd.DataFrame({"date": days, "is_weekend": (days.dayofweek >= 5).astype(int)})
rng = np.random.default_rng(0)
rate = 0.5 + 0.3 * weekend["is_weekend"] + rng.normal(0, 0.05, len(days))
hotel = pd.DataFrame({"date": days, "occupancy_rate": rate})[:-14]
tables.upload(weekend, "hotel_weekend_features")

summary = automl.forecast(
    hotel,
    target_col="occupancy_rate",
    time_col="date",
    frequency="d",
    horizon=14,
    feature_store_lookups=[
        {"table_name": "default.hotel_weekend_features", "lookup_key": ["date"]}
    ],
    exclude_frameworks=["deepar"],
    output_database="default",
    experiment_name="hotel",
    timeout_minutes=TIMEOUT_MINUTES,
    max_trials=MAX_TRIALS,
)
tables.read(summary.output_table_name.split(".")[-1])
