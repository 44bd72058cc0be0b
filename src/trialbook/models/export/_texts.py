"""What is written beside an exported model, for people and for Docker."""

from __future__ import annotations

from collections.abc import Iterable

from trialbook.data import Schema
from trialbook.models._forecaster_package import PICKLE

SERVER_PORT = 8080
# Any number that no user of the base image has.
_USER = 10001
# The system that Python's images were built on when these versions were tested.
_SYSTEM = "slim-bookworm"

_DOCKERFILE = """\
ARG PYTHON={python}
FROM python:${{PYTHON}}-{system}
{libraries}
WORKDIR /app
COPY requirements.txt constraints.txt ./
# The server runs as nobody in particular, who cannot change its files.
RUN pip install --no-cache-dir --requirement requirements.txt --constraint constraints.txt \\
    && useradd --system --no-create-home --uid {user} model
COPY reading.py score.py server.py ./
COPY model/ model/
USER {user}

ENV PORT={port} PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
EXPOSE {port}
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \\
    CMD ["python", "-c", "import os, urllib.request as r; \\
r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=4)"]
CMD ["python", "server.py"]
"""

# The wheel of LightGBM is the only one of ours that wants the system's OpenMP.
_OPENMP = """
# LightGBM uses the system's OpenMP, which this image lacks. Debian has one version of it.
# hadolint ignore=DL3008
RUN apt-get update \\
    && apt-get install --yes --no-install-recommends libgomp1 \\
    && rm -rf /var/lib/apt/lists/*
"""

_ABOUT = """\
# {name}

{what}

It was trained with Trialbook and needs no Trialbook: it is {kind}.

`model/{pickle}` is a pickle. **Loading a pickle runs any code that its author put there**: use it
only if you trust whoever gave you this.
"""

_ZIP = """\

## Predict

With Python {python} (another patch release does; another minor one does not):

```bash
python -m venv env && env/bin/pip install -r requirements.txt -c constraints.txt
env/bin/python score.py input_example.json          # or rows.csv, rows.parquet
env/bin/python score.py rows.csv -o predictions.csv{proba}
```

or `conda env create -f conda.yaml`. From Python:

```python
import pandas as pd
from score import Model
Model("model").{predict}(pd.read_csv("rows.csv", dtype=str))
```

`score.py` has the `init()` and `run()` of a scoring script of Azure ML, and answers
`{{"Inputs": {{"data": [{{...}}]}}, "GlobalParameters": {{"method": "{predict}"}}}}`. With
MLflow: `mlflow.sklearn.load_model("model")`, or `mlflow models serve -m model`.
"""

_ZIP_SERIES = """\

## Forecast

With Python {python} (another patch release does; another minor one does not):

```bash
python -m venv env && env/bin/pip install -r requirements.txt -c constraints.txt
env/bin/python score.py {rows}                      # the example; or future.csv, future.parquet
env/bin/python score.py {next}-o forecast.csv --quantiles 0.1,0.9
env/bin/python score.py {rows} --context recent.csv # with rows that were observed since training
{of_level}```

or `conda env create -f conda.yaml`. From Python:

```python
from score import Model
model = Model("model")
model.forecast({call})
```

`score.py` has the `init()` and `run()` of a scoring script of Azure ML, and answers
`{{"Inputs": {{"data": [{{...}}]}}, "GlobalParameters": {{"quantiles": [0.025, 0.975]}}}}`. With
MLflow: `mlflow.pyfunc.load_model("model")`, or `mlflow models serve -m model`.
"""

_DOCKER = """\

## Build and run

```bash
docker build -t {tag} .
docker run --rm -p {port}:{port} {tag}
curl -H 'Content-Type: application/json' -d @input_example.json localhost:{port}/invocations
```

`POST /invocations` takes MLflow's and Azure ML's forms of request, as JSON or CSV;
{params}
`GET /health` says that the model is ready. `PORT`, `HOST` and `MAX_BYTES` (of a request) are
variables of the environment. The server has no authentication: put it behind something that has.
"""

_FILES = {
    "model/": "the model, as MLflow stores it, and `schema.json`: its columns",
    "score.py": "predicts",
    "reading.py": "reads tables, and checks them",
    "server.py": "answers over HTTP",
    "requirements.txt": "what the model needs, in the versions that trained it",
    "constraints.txt": "all that comes with these, in the versions that were there",
    "conda.yaml": "the same for conda, with the version of Python",
    "input_example.json": "rows to try",
    "Dockerfile": "how the image is built",
}


def dockerfile(python: str, requirements: Iterable[str]) -> str:
    """The file that says how an image is built.

    Parameters
    ----------
    python : str
        Version of Python, such as ``3.11.7``.
    requirements : iterable of str
        As ``name==version``.

    Returns
    -------
    str
    """
    needs_openmp = any(line.startswith("lightgbm==") for line in requirements)
    return _DOCKERFILE.format(
        python=python,
        system=_SYSTEM,
        user=_USER,
        port=SERVER_PORT,
        libraries=_OPENMP if needs_openmp else "",
    )


def conda(python: str, lines: Iterable[str]) -> str:
    """An environment of conda: this Python, and everything else from PyPI, pinned.

    Parameters
    ----------
    python : str
    lines : iterable of str
        As ``name==version``.

    Returns
    -------
    str
    """
    packages = "".join(f'      - "{line}"\n' for line in lines)
    return (
        "name: model\nchannels:\n  - conda-forge\ndependencies:\n"
        f"  - python={python}\n  - pip\n  - pip:\n{packages}"
    )


def readme(name: str, schema: Schema, python: str, files: Iterable[str], *, docker: bool) -> str:
    """What the receiver of an exported model must know.

    Parameters
    ----------
    name : str
        What people call the model.
    schema : Schema
    python : str
    files : iterable of str
        Paths of what is in it.
    docker : bool
        Whether it is a build context, or else a zip.

    Returns
    -------
    str
        Markdown.
    """
    values = {
        "name": name,
        "python": python,
        "port": SERVER_PORT,
        "tag": "".join(sign if sign.isalnum() else "-" for sign in name.lower()).strip("-"),
        **(_of_rows(schema) if schema.series is None else _of_series(schema)),
    }
    use = _DOCKER if docker else _ZIP if schema.series is None else _ZIP_SERIES
    there = {path.split("/")[0] + "/" * ("/" in path) for path in files}
    parts = [
        (_ABOUT + use).format(**values),
        "\n## Columns that it wants\n\n| Column | Stored as | Meaning |\n|---|---|---|\n",
        *(
            f"| `{column.name}` | {_stored(column.storage, column.datetime_format)} "
            f"| {column.semantic.value} |\n"
            for column in schema.used
        ),
        "\n## What is here\n\n",
        *(f"* `{path}`: {about}\n" for path, about in _FILES.items() if path in there),
    ]
    return "".join(parts)


def _of_rows(schema: Schema) -> dict[str, str]:
    """What is said of a model that predicts rows."""
    classes = ", ".join(f"`{label}`" for label in schema.classes)
    what = f"A model that predicts `{schema.target}`"
    return {
        "what": what + (f", one of {classes}." if classes else ", a number."),
        "kind": "a scikit-learn estimator, in a folder\nthat MLflow reads, too",
        "pickle": "model.pkl",
        "proba": " --proba" if classes else "",
        "predict": "predict_proba" if classes else "predict",
        "params": '`{"params": {"method": "predict_proba"}}` beside the rows asks for'
        " probabilities of classes.",
    }


def _of_series(schema: Schema) -> dict[str, str]:
    """What is said of a model that forecasts series."""
    spec = schema.series
    assert spec is not None
    told = f", with steps of {spec.frequency} and a horizon of {spec.horizon}."
    rows, levels = "input_example.json", ", ".join(spec.hierarchy)
    of_level = f"env/bin/python score.py {rows} --level all     # or one of {levels}\n"
    return {
        "what": f"A model that forecasts `{schema.target}`" + told,
        "kind": "a model of MLflow's own kind (pyfunc)",
        "pickle": PICKLE,
        "rows": rows,
        "of_level": of_level if levels else "",
        "next": f"{rows} " if spec.covariates else f"--horizon {spec.horizon} ",
        "call": 'future=model.read("future.csv")' if spec.covariates else str(spec.horizon),
        "params": '`{"params": {"horizon": 8, "quantiles": [0.1, 0.9]}}` asks for the next rows of'
        " all series,\nand `context` beside it tells rows that were observed since training"
        + ("; `level` among `params`\nis that of the hierarchy, or `all`." if levels else "."),
    }


def _stored(storage: str, form: str | None) -> str:
    return storage if form is None else f"text, a date as `{form}`"
