"""What a program says of a hierarchy: its nodes, and what stands around the forecaster."""

from __future__ import annotations

from dataclasses import replace

from trialbook.program._code import Code, call
from trialbook.program.series._frame import ForecastCode, HierarchyCode, SeriesFrame

# MinTrace's methods by our words: the covariance of errors shrunk towards none (Wickramasuriya
# et al. 2019), and variances by the number of leaves of a node.
METHODS = {"mint": "mint_shrink", "wls": "wls_struct"}


def nodes_lines(frame: SeriesFrame) -> list[str]:
    """Lines that read the nodes of a hierarchy, if there is one."""
    if frame.hierarchy is None:
        return []
    what = "a row for each leaf, a column for each level"
    return [f"NODES = pd.read_parquet({frame.hierarchy.nodes})  # {what}"]


def learns_from_windows(frame: SeriesFrame) -> bool:
    """Whether nodes are weighed by the errors of earlier windows."""
    return frame.hierarchy is not None and frame.hierarchy.reconcile == "mint"


def in_hierarchy(model: ForecastCode, frame: SeriesFrame) -> ForecastCode:
    """A learner's part of a program, with what makes its forecasts add up around it."""
    hierarchy = frame.hierarchy
    if hierarchy is None:
        return model
    if hierarchy.reconcile in METHODS:
        method = call("MinTrace", METHODS[hierarchy.reconcile])
        past = [Code("past")] if learns_from_windows(frame) else []
        places = (model.forecaster, Code("NODES"), Code("SEASON"), method, *past)
        return replace(
            model,
            forecaster=call("ReconciledForecaster", *places),
            imports=(
                *model.imports,
                "from hierarchicalforecast.core import HierarchicalReconciliation",
                "from hierarchicalforecast.methods import MinTrace",
            ),
            snippets=(*model.snippets, "ReconciledForecaster"),
        )
    return replace(
        model,
        forecaster=_allocated(model.forecaster, hierarchy),
        snippets=(*model.snippets, "AllocatedForecaster"),
    )


def _allocated(forecaster: Code, hierarchy: HierarchyCode) -> Code:
    of_means = hierarchy.reconcile == "proportions_of_historical_average"
    options = {"mean_of_shares": False} if of_means else {}
    return call("AllocatedForecaster", forecaster, Code("NODES"), hierarchy.level, **options)
