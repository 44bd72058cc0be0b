"""The cells of the exploration notebook on how columns go together, and with the target.

The measures are those of `trialbook.profiling`: their sources stand in the notebook.
"""

from __future__ import annotations

from trialbook.profiling import MEASURES
from trialbook.program._code import source_of

MEASURES_TEXT = """
Measures, used by the sections below. What a column says about the target is mutual information,
which compares columns of all types and sees dependence of any shape. Whether two columns say the
same is a correlation by the measure that suits their types.
"""

MEASURES_CODE = "\n\n\n".join(source_of(measure) for measure in MEASURES)

CODES = '''
def codes_of(name):
    """The bin or level of each cell of the sample; missing ones have one of their own."""
    column = sample[name]
    if name in MEASURED and column.nunique() > 20:
        return quantile_bins(as_number(column)) + 1
    return pd.factorize(frequent(column))[0]


def numbers_of(name):
    """Numbers, days, characters, 1 and 0 for true and false; None for categories."""
    measured = name in MEASURED or name in BOOLEAN
    return as_number(sample[name]).to_numpy(dtype=float) if measured else None


def correlation(name, other):
    """How closely two columns go together, where neither is missing, and by which measure."""
    rows = (sample[name].notna() & sample[other].notna()).to_numpy()
    if rows.sum() < 20:
        return None, ""
    one, two = numbers[name], numbers[other]
    if one is not None and two is not None:
        return rank_correlation(one[rows], two[rows]), "rank correlation"
    if one is not None:
        return correlation_ratio(one[rows], codes[other][rows]), "correlation ratio of ranks"
    if two is not None:
        return correlation_ratio(two[rows], codes[name][rows]), "correlation ratio of ranks"
    return cramers_v(codes[name][rows], codes[other][rows]), "Cramér's V"
'''

ASSOCIATION_TEXT = """
## Which columns go with the target?

Mutual information of each column with the target, as a share of the target's entropy: 0 says
nothing about it, 1 tells it exactly. It sees dependence of any shape, one column at a time.
Computed on a sample; numbers, dates and lengths of texts in ten quantile bins, the 20 most
frequent levels of categories; corrected for what chance alone would give (Miller and Madow).
Beside it: what it tells whether a cell is missing, and the correlation that suits the types.
"""

_ASSOCIATION = '''
codes = {name: codes_of(name) for name in FEATURES} | {TARGET: target_codes}
numbers = {name: numbers_of(name) for name in FEATURES} | {TARGET: target_numbers}
related = pd.DataFrame(
    {
        "tells of the target": {name: explained(codes[name], target_codes) for name in FEATURES},
        "missing tells": {
            name: explained(sample[name].isna().astype(int).to_numpy(), target_codes)
            for name in FEATURES
        },
        "correlation": {name: correlation(name, TARGET)[0] for name in FEATURES},
        "measure": {name: correlation(name, TARGET)[1] for name in FEATURES},
    }
).sort_values("tells of the target", ascending=False, kind="stable")
association = related["tells of the target"]


def strongest_of(names):
    """The columns to draw of some: strongest association first."""
    chosen = set(names)
    return [name for name in association.index if name in chosen][:MAX_CHARTS]


related.round(4).head(100)
'''

ASSOCIATION = {
    "classification": "target_codes = pd.factorize(sample[TARGET])[0]\ntarget_numbers = None\n"
    + _ASSOCIATION,
    "regression": "target_numbers = sample[TARGET].to_numpy(dtype=float)\n"
    "target_codes = quantile_bins(sample[TARGET].astype(float))\n" + _ASSOCIATION,
}

ASSOCIATION_CHART = """
shown = association.head(MAX_CHARTS)[::-1]
figure, axes = plt.subplots(figsize=(7, 0.6 + 0.22 * len(shown)))
axes.barh(np.arange(len(shown)), shown, color=BLUE)
axes.set_yticks(np.arange(len(shown)), [short(name) for name in shown.index])
axes.xaxis.set_major_formatter("{x:.1%}")
axes.set_title(f"Association with {short(TARGET)} ({len(shown)} of {len(association)} columns)")
plt.show()
"""

CORRELATION_TEXT = """
## How columns go together

The target and the columns that say most about it, on the sample, in colours: rank correlation of
numbers, dates, lengths of texts and true or false; correlation ratio of ranks for these with
categories; Cramér's V of two categories. Below: the pairs that say nearly the same.
"""

CORRELATION = """
together = [TARGET, *strongest_of(FEATURES)]
pairs = [
    (name, other, *correlation(name, other))
    for position, name in enumerate(together)
    for other in together[:position]
]
pairs = pd.DataFrame(pairs, columns=["column", "other column", "correlation", "measure"])
triangle = pairs.pivot(index="column", columns="other column", values="correlation")
triangle = triangle.reindex(index=together[1:], columns=together[:-1]).astype(float)
size = 2.5 + 0.27 * len(together)
figure, axes = plt.subplots(figsize=(size + 1, size))
image = axes.imshow(triangle, cmap="RdBu", vmin=-1, vmax=1)
axes.set_xticks(range(len(triangle.columns)), [short(name) for name in triangle], rotation=90)
axes.set_yticks(range(len(triangle)), [short(name) for name in triangle.index])
axes.spines[:].set_visible(False)
axes.set_title(f"Correlation ({len(together) - 1} of {len(FEATURES)} columns, and the target)")
figure.colorbar(image, shrink=0.6)
plt.show()
"""

CORRELATION_TABLE = """
near = pairs[pairs["correlation"].abs() > 0.8]
near.sort_values("correlation", key=np.abs, ascending=False).round(3).head(30)
"""
