# %% [markdown]
# # AutoML: classification and regression
#
# This notebook is written for Databricks' AutoML. Two things differ from one that runs there: the
# import in the next cell, and the paths.
#
# Requirements: `pip install 'trialbook[tables,notebook]'`.

# %%
import os

import mlflow
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.metrics import RocCurveDisplay, accuracy_score
from sklearn.model_selection import train_test_split

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
# Measurements of cells in a breast mass, and whether it was malignant. One tenth of the rows is
# put aside to try the model on. The rest becomes a table, and what the laboratory adds later
# another one.

# %%
cells = load_breast_cancer(as_frame=True)
frame = cells.data.assign(
    diagnosis=cells.target_names[cells.target],
    patient_id=range(1, 1 + len(cells.data)),
)
frame.columns = [name.replace(" ", "_") for name in frame.columns]

laboratory = ["patient_id", *(name for name in frame.columns if name.startswith("worst_"))]
masses = frame.drop(columns=laboratory[1:])
train_pdf, test_pdf = train_test_split(masses, test_size=0.1, random_state=42)

tables.upload(train_pdf, "breast_masses")
tables.upload(frame[laboratory], "laboratory")
train_pdf.head()

# %% [markdown]
# ## Training
#
# The following starts an AutoML run. The column to predict is `target_col`; everything else has a
# default. `feature_store_lookups` joins the table of the laboratory by its primary key.

# %%
feature_store_lookups = [{"table_name": "default.laboratory", "lookup_key": ["patient_id"]}]

summary = automl.classify(
    "default.breast_masses",
    target_col="diagnosis",
    primary_metric="roc_auc",
    pos_label="malignant",
    exclude_cols=["mean_fractal_dimension"],
    imputers={"mean_area": "median"},
    feature_store_lookups=feature_store_lookups,
    timeout_minutes=TIMEOUT_MINUTES,
    max_trials=MAX_TRIALS,
)

# %%
summary

# %%
print(summary.best_trial)

# %% [markdown]
# ## The trials
#
# Each is an MLflow run with parameters, metrics and a notebook.

# %%
pd.DataFrame(
    {
        "model": [trial.model_description[:40] for trial in summary.trials],
        "val_roc_auc": [trial.metrics["val_roc_auc"] for trial in summary.trials],
        "val_f1_score": [trial.metrics["val_f1_score"] for trial in summary.trials],
        "duration": [trial.duration for trial in summary.trials],
    }
)

# %%
runs = mlflow.search_runs(
    experiment_ids=[summary.experiment.experiment_id],
    filter_string="metrics.val_roc_auc > 0",
    order_by=["metrics.val_roc_auc DESC"],
)
assert set(runs["run_id"]) == {trial.mlflow_run_id for trial in summary.trials}
runs[["run_id", "metrics.val_roc_auc", "metrics.training_roc_auc"]].head()

# %% [markdown]
# The notebook of any trial can be imported, to be read and changed.

# %%
result = automl.import_notebook(
    summary.best_trial.artifact_uri, "notebooks/best_trial", overwrite=True
)
result.path

# %% [markdown]
# ## Inference
#
# ### With the MLflow model

# %%
model_uri = summary.best_trial.model_path

test_rows = automl.join_features(test_pdf.drop(columns="diagnosis"), feature_store_lookups)
model = mlflow.pyfunc.load_model(model_uri)
predicted = model.predict(test_rows)
accuracy_score(test_pdf["diagnosis"], predicted)

# %% [markdown]
# ### With the scikit-learn model

# %%
sklearn_model = summary.best_trial.load_model()
malignant = list(sklearn_model.classes_).index("malignant")
RocCurveDisplay.from_predictions(
    test_pdf["diagnosis"],
    sklearn_model.predict_proba(test_rows)[:, malignant],
    pos_label="malignant",
)
# %% [markdown]
# ### From the model registry

# %%
run_id = summary.best_trial.mlflow_run_id
registered = mlflow.register_model(f"runs:/{run_id}/model", "breast_masses")
again = mlflow.pyfunc.load_model(f"models:/breast_masses/{registered.version}")
assert (again.predict(test_rows) == predicted).all()
registered.version

# %% [markdown]
# ## Regression
#
# The same for a number: the progress of diabetes after one year, from a DataFrame.

# %%
diabetes = load_diabetes(as_frame=True, scaled=False)
pdf = diabetes.data.assign(progress=diabetes.target)
train_pdf, test_pdf = train_test_split(pdf, test_size=0.1, random_state=42)

summary = automl.regress(
    train_pdf,
    target_col="progress",
    experiment_name="diabetes",
    exclude_frameworks=["xgboost"],
    timeout_minutes=TIMEOUT_MINUTES,
    max_trials=MAX_TRIALS,
)
summary

# %%
run = mlflow.get_run(summary.best_trial.mlflow_run_id)
{name: round(value, 3) for name, value in run.data.metrics.items() if name.startswith("test_r2")}

# %%
model = mlflow.pyfunc.load_model(summary.best_trial.model_path)
test_pdf.assign(predicted=model.predict(test_pdf.drop(columns="progress")).round(1)).head()
