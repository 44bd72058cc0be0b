"""Models that answer: the scoring server, batch scoring, and the log of what they answered."""
