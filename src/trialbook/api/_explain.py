"""The function that explains a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialbook.evaluation.explanations import Explanation
    from trialbook.tables import Source


def explain(
    model: str | Path = "best",
    data: Source | None = None,
    *,
    row: int | None = None,
    timeout: str | float | None = 30.0,
    seed: int = 0,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
    trust: bool = False,
) -> Explanation:
    """Explain why a model predicts what it predicts.

    Parameters
    ----------
    model : str or Path
        A trial, a model of the registry, or the folder or zip of one, as in `load_model`.
    data : table, optional
        Rows to explain, with or without the target. By default some of the rows that validated
        the trial, or of a forecast the next horizon; the run then keeps the explanation.
    row : int, optional
        Position of a row that must be among the explained ones.
    timeout : str or float, optional
        Seconds, or ``"30s"``. Where they are short, there are fewer rows, repeats and curves.
    seed : int
        Of what is drawn by chance.
    workspace, name, tracking_uri, trust
        As in `load_model`.

    Returns
    -------
    Explanation
        Tables (`importance`, `features`, `permutation`, `row`) and `figures`.

    Raises
    ------
    OptionError, WorkspaceError, NoModelError, UntrustedError
        If there is no such model, as in `load_model`, or no such row.
    DataError
        If the table does not fit the model.
    """
    from trialbook.lifecycle import explain_model

    return explain_model(
        model,
        data,
        row=row,
        timeout=timeout,
        seed=seed,
        workspace=workspace,
        name=name,
        tracking_uri=tracking_uri,
        trust=trust,
    )
