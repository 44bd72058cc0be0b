"""How fast models are served, and whether a server stands what comes."""
