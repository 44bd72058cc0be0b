"""What each column adds to a prediction, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trialbook.errors import NoModelError
from trialbook.models import Model
from trialbook.serving.server._answers import labels
from trialbook.serving.server._problems import Refused
from trialbook.serving.server._served import check_numbers
from trialbook.serving.server._typed import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Explanations of one request; sampled ones take up to a second a row.
MOST_ROWS: Final = 200


def explained(
    model: Model | None, label: str, rows: Rows, given: NDArray[Any], timeout_s: float
) -> dict[str, Any]:
    """Explain the predictions of some rows.

    Parameters
    ----------
    model : Model, optional
        ONNX files have none.
    label : str
        What it is called.
    rows : Rows
    given : ndarray of shape (n_rows, n_classes) or (n_rows,)
        What the model gave for them.
    timeout_s : float
        Seconds after which sampling ends.

    Returns
    -------
    dict
        ``columns``, ``classes``, whether the values are ``exact``, and for each row its
        ``prediction``, the ``base`` and the ``values`` by column. Of a classification, base and
        values are lists in the order of the classes. Base and values add up to the probabilities,
        or to the number.

    Raises
    ------
    Refused
        With status 404 if the model cannot be explained, with 422 if there are too many rows, or
        it has no answer for one.
    """
    if model is None:
        raise Refused(
            404,
            "an ONNX file cannot be explained",
            place=label,
            remedy="Serve the model itself.",
        )
    if rows.n_rows > MOST_ROWS:
        raise Refused(
            422,
            f"{rows.n_rows} rows were sent, and {MOST_ROWS} can be explained at once",
            remedy="Send fewer.",
        )
    from trialbook.evaluation.explanations import explain_rows

    try:
        found = explain_rows(model, rows.frame(), timeout=timeout_s)
    except NoModelError as error:
        raise Refused(404, error.cause, place=label, remedy=error.remedy) from error
    raw = np.asarray(found.raw)
    check_numbers(raw.reshape(rows.n_rows, -1))
    base, values = np.asarray(found.base).tolist(), raw.tolist()
    predicted = labels(given, model.schema)
    return {
        "columns": list(found.columns),
        "classes": list(found.classes),
        "exact": found.exact,
        "explanations": [
            {"prediction": label, "base": base, "values": dict(zip(found.columns, row))}
            for label, row in zip(predicted, values, strict=True)
        ],
    }
