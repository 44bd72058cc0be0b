"""Why forecasts are what they are: what moves each of them, and what series are made of.

Each forecast is the mean of its series plus what moves it from there: the series' own past, its
season, the date, each covariate, static columns.
"""

from trialbook.evaluation.explanations.forecasts._effects import (
    About,
    Effects,
    effects_of,
    taken,
)
from trialbook.evaluation.explanations.forecasts._explanation import (
    ForecastExplanation,
    ForecastQuestion,
    add_permutation,
    explain_forecast,
)
from trialbook.evaluation.explanations.forecasts._parts import Parts, components, decompose

__all__ = [
    "About",
    "Effects",
    "ForecastExplanation",
    "ForecastQuestion",
    "Parts",
    "add_permutation",
    "components",
    "decompose",
    "effects_of",
    "explain_forecast",
    "taken",
]
