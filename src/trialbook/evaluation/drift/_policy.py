"""When drift is told: thresholds with their reasons.

How far a column must move, and how sure that must be, is `trialbook.data`'s: `MOVED`,
`NEW_LEVELS` and `CHANCE` are those of the check of validation and test rows.
"""

from __future__ import annotations

from typing import Final

# Rows of each side that are compared: enough to tell shares to a percent.
ROWS: Final = 20_000
# Bounds of the population stability index that scorecards use (Siddiqi, Credit Risk Scorecards,
# 2006): below the first little changed, above the second much. They give the words, not the
# verdict, for they depend on the number of bins.
PSI_WORDS: Final = ((0.25, "strong"), (0.1, "clear"), (0.0, "slight"))
# A shift of the mean prediction is told from so many standard deviations on: Cohen's bound of a
# small effect. Out-of-fold predictions are of one fold's model, and a stored model averages all of
# them, so that only means and labels can be compared, not the whole distribution.
SMALL_EFFECT: Final = 0.2
# Rows of each side that teach a model to tell old from new, and its folds. Beyond, it takes longer
# and says the same.
CLASSIFIER_ROWS, FOLDS = 5_000, 5
# Fewer rows of a side say nothing by a model.
FEWEST_CLASSIFIED: Final = 100
# An area of 0.5 is chance. Both sides differ if even the lower end of the interval is beyond this:
# a normal column that moves by a fifth of its standard deviation gives 0.556.
AREA: Final = 0.55
# Columns whose part in telling the sides apart is measured, those that moved most first.
RANKED_COLUMNS: Final = 20
# Distinct words of training texts that are known, the most frequent first.
KNOWN_WORDS: Final = 20_000
# Bars and columns that a page shows.
DRAWN_COLUMNS, NAMED_LEVELS = 60, 5
