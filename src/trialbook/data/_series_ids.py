"""The columns of a job that tell series apart, found where those that it names do not."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from trialbook._words import listed
from trialbook.data._guardrails import Guardrail
from trialbook.data.series import missing_ids, read_times, time_form
from trialbook.job import Job

# Names that forecasts have for what stands beside their times and series: quantiles are named by
# their levels.
TOLD = re.compile(r"origin|actual|fitted|forecast|0\.\d+|[\d.]+e-\d+")


def tell_apart(table: pd.DataFrame, job: Job, parts: Sequence[str] = ()) -> Job:
    """The job with all columns that tell its series apart.

    Parameters
    ----------
    table : DataFrame
        Normalised, with the columns that the job names.
    job : Job
        Of which nothing changes where it says how rows of one time are put together, which
        hierarchy they make, or that nothing is to be found. Columns of which it says something
        are not looked at.
    parts : sequence of str
        Columns whose values have a job each.

    Returns
    -------
    Job
        With columns after those that it named as series; see `trialbook.data.series.missing_ids`.
    """
    time, ids = str(job.time_column), tuple(dict.fromkeys((*parts, *job.series)))
    whole = job.aggregate or job.hierarchy or not job.find_series
    if whole or not table.duplicated([time, *ids]).any():
        return job
    said = {job.target, time, *ids, *job.ignore, *job.unknown_in_future, *job.types}
    names = [name for name in table if name not in said and not TOLD.fullmatch(str(name))]
    times = read_times(table[time], time_form(table[time], job.frequency))
    found = missing_ids(table, job.target, times, ids, names)
    return job.model_copy(update={"series": (*job.series, *found)})


def series_note(asked: Job, job: Job) -> Guardrail:
    """By what series are told apart.

    Parameters
    ----------
    asked, job : Job
        Before and after `tell_apart`.
    """
    name, found = "Series", job.series[len(asked.series) :]
    if not found:
        said = f"told apart by {listed(job.series)}" if job.series else "the table is one series"
        return Guardrail(name, "passed", said, "", job.series)
    where = f" within {listed(asked.series)}" if asked.series else ""
    what = f"times come again{where}, in rows that differ in {listed(found)}"
    done = f"series are told apart by {listed(job.series)}; name what tells them apart"
    done += f" (--series {','.join(job.series)}), or leave it out (--ignore {','.join(found)})"
    return Guardrail(name, "fixed", what, done, found)
