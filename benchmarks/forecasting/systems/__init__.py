"""An adapter a system; each runs in the environment of its system."""
