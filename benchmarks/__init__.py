"""Runs Trialbook and its peers one after another with the same split, cores and budget."""
