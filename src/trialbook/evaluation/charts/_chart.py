"""A chart: its data, and the picture that is drawn of it."""

from __future__ import annotations

import functools
import importlib
import io
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from trialbook._plain import whole_file, write_text
from trialbook.errors import DataError, OptionError, nearest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERSION = "1.0"

# The module and the function that draw each chart; matplotlib is slow to import.
_DRAWN_BY = {
    "forecast_horizon": ("_draw_forecasts", "draw_forecast_horizon"),
    "confusion_matrix": ("_draw_matrix", "draw_shares"),
    "confusion_matrix_counts": ("_draw_matrix", "draw_counts"),
    "roc": ("_draw_lines", "draw_roc"),
    "precision_recall": ("_draw_lines", "draw_precision_recall"),
    "cumulative_gains": ("_draw_lines", "draw_gains"),
    "lift": ("_draw_lines", "draw_lift"),
    "calibration": ("_draw_lines", "draw_calibration"),
    "residuals": ("_draw_numbers", "draw_residuals"),
    "predicted_vs_true": ("_draw_numbers", "draw_predicted_vs_true"),
    "training_rounds": ("_draw_learning", "draw_training_rounds"),
    "learning_curve": ("_draw_learning", "draw_learning_curve"),
    "error_by_step": ("_draw_forecasts", "draw_error_by_step"),
    "error_by_series": ("_draw_forecasts", "draw_error_by_series"),
    "coverage": ("_draw_forecasts", "draw_coverage"),
}
# Pictures that each trial pays for, 20 to 40 ms each; others are drawn of the trials that matter,
# and of any other when somebody looks.
EAGER = (
    "forecast_horizon",
    "confusion_matrix",
    "roc",
    "precision_recall",
    "calibration",
    "residuals",
    "predicted_vs_true",
)
# Strong compression takes a fifth of the time of a picture, and saves 15 % of its size.
_COMPRESSION = 1


@dataclass(frozen=True)
class Chart:
    """A chart of some predictions.

    Parameters
    ----------
    name : str
        What it shows, such as ``roc``.
    data : dict
        Its data, as JSON holds it; the guide to charts has the structure of each.
    folder : Path, optional
        Where it is kept.
    """

    name: str
    data: dict[str, Any]
    folder: Path | None = None

    def _repr_png_(self) -> bytes:
        """What Jupyter shows."""
        stream = io.BytesIO()
        self._save(self.figure, stream)
        return stream.getvalue()

    def __repr__(self) -> str:
        return f"<Chart {self.name}>"

    @property
    def picture(self) -> Path | None:
        """The picture that is kept beside the data; ``None`` if it was not drawn yet."""
        path = None if self.folder is None else self.folder / f"{self.name}.png"
        return path if path is not None and path.exists() else None

    @functools.cached_property
    def figure(self) -> Figure:
        """The picture, drawn with the curves that are marked as shown."""
        return self.draw()

    @property
    def curves(self) -> list[str]:
        """Names of its lines, which `draw` can choose among; empty where there is no choice."""
        return [str(curve["name"]) for curve in self.data.get("curves", ())]

    def draw(self, curves: Sequence[str] | None = None) -> Figure:
        """Draw the picture.

        Parameters
        ----------
        curves : sequence of str, optional
            Which lines to show: names of classes, ``macro``, ``micro``, ``weighted``. Those that
            the data marks as shown by default.

        Returns
        -------
        Figure
            Of matplotlib, made without pyplot.

        Raises
        ------
        OptionError
            If there is no such line.
        """
        data = self.data
        if curves is not None:
            for name in curves:
                if name not in self.curves:
                    raise OptionError(
                        f"the chart {self.name} has no line '{name}'",
                        remedy=nearest(name, self.curves),
                    )
            chosen = [{**one, "shown": one["name"] in curves} for one in data["curves"]]
            data = {**data, "curves": chosen}
        module, function = _DRAWN_BY[self.name]
        draw: Callable[[Mapping[str, Any]], Figure] = getattr(
            importlib.import_module(f"trialbook.evaluation.charts.{module}"), function
        )
        return draw(data)

    def write_data(self, folder: str | Path) -> Path:
        """Write the data as JSON.

        Parameters
        ----------
        folder : str or Path
            Made if it is not there.

        Returns
        -------
        Path
            ``NAME.json`` in it.
        """
        path = Path(folder) / f"{self.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"schema_type": self.name, "schema_version": VERSION, "data": self.data}
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        write_text(path, text)
        return path

    def write_picture(self, folder: str | Path, curves: Sequence[str] | None = None) -> Path:
        """Draw the picture and write it as PNG.

        Parameters
        ----------
        folder : str or Path
            Made if it is not there.
        curves : sequence of str, optional
            As in `draw`.

        Returns
        -------
        Path
            ``NAME.png`` in it.
        """
        path = Path(folder) / f"{self.name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        figure = self.figure if curves is None else self.draw(curves)
        with whole_file(path) as draft:
            self._save(figure, draft)
        return path

    @staticmethod
    def _save(figure: Figure, target: Path | IO[bytes]) -> None:
        figure.savefig(target, format="png", pil_kwargs={"compress_level": _COMPRESSION})

    @classmethod
    def read(cls, path: Path) -> Chart:
        """Read what `write_data` wrote.

        Parameters
        ----------
        path : Path

        Returns
        -------
        Chart

        Raises
        ------
        DataError
            If the file holds no chart.
        """
        try:
            document = json.loads(path.read_text("utf-8"))
            name, data = document["schema_type"], document["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"the file holds no chart: {error}",
                place=str(path),
                remedy="Remove it; the other charts are not touched.",
            ) from error
        if name not in _DRAWN_BY:
            raise DataError(
                f"the file holds a chart of an unknown kind, '{name}'",
                place=str(path),
                remedy=f"Known: {', '.join(_DRAWN_BY)}.",
            )
        return cls(name, data, path.parent)


def write_charts(
    found: Mapping[str, Chart], folder: Path, pictures: Collection[str] | None = None
) -> None:
    """Write the data of charts, and pictures of some.

    Parameters
    ----------
    found : mapping of str to Chart
    folder : Path
        Made if it is not there.
    pictures : collection of str, optional
        Which of them are drawn; all of them by default.
    """
    for name, chart in found.items():
        chart.write_data(folder)
        if pictures is None or name in pictures:
            chart.write_picture(folder)


def read_charts(folder: Path) -> dict[str, Chart]:
    """Read the charts of a folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict of str to Chart
        In the order in which they are told; empty if the folder has none, or is not there.

    Raises
    ------
    DataError
        If a file is damaged.
    """
    files = {name: folder / f"{name}.json" for name in _DRAWN_BY}
    return {name: Chart.read(path) for name, path in files.items() if path.exists()}
