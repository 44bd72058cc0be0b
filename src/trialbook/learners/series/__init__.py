"""Learners of time series, one file each; `trialbook.learners.all_learners` finds them."""
