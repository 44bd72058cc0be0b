"""What forecasts of series cannot be asked for."""

from __future__ import annotations

from typing import NoReturn

from trialbook.data import Schema
from trialbook.errors import OptionError


def require_rows(schema: Schema, model: str) -> None:
    """Refuse a forecast where rows are predicted each by itself.

    Parameters
    ----------
    schema : Schema
        Of the model.
    model : str
        What it is called.

    Raises
    ------
    OptionError
        If it forecasts series.
    """
    if schema.series is not None:
        refuse_series(model)


def refuse_rows(model: str) -> NoReturn:
    """Say of a model that it predicts rows, which is not what is asked for."""
    raise OptionError(
        "it predicts rows, and forecasts no series",
        place=f"model {model}",
        remedy="Use predict.",
    )


def refuse_series(model: str) -> NoReturn:
    """Say of a model that it forecasts series, which is not what is asked for."""
    raise OptionError(
        "it forecasts series, and this is there only for models that predict rows",
        place=f"model {model}",
        remedy="Ask for its forecast: Experiment.forecast, or trialbook predict.",
    )
