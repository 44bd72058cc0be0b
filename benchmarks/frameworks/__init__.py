"""One adapter a framework; each runs in the environment of its framework."""
