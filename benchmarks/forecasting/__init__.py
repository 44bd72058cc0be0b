"""Trialbook's forecasts and those of its peers side by side."""
