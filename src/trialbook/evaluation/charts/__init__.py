"""Charts of how a model errs: what they show as data, and how it is drawn.

Data is computed by pure functions of numpy alone, and cheap; pictures are drawn of the data, when
they are wanted. So each trial of a search keeps the data of all its charts, and pays for few
pictures.
"""

from trialbook.evaluation.charts._build import charts
from trialbook.evaluation.charts._chart import EAGER, Chart, read_charts, write_charts
from trialbook.evaluation.charts._forecasts import Forecasts, Known, forecast_charts
from trialbook.evaluation.charts._learning import learning_curve, training_rounds

__all__ = [
    "EAGER",
    "Chart",
    "Forecasts",
    "Known",
    "charts",
    "forecast_charts",
    "learning_curve",
    "read_charts",
    "training_rounds",
    "write_charts",
]
