"""A table with a column of every kind."""

import numpy as np
import pandas as pd
import pytest

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def every_kind():
    def make(n=120, seed=0):
        rng = np.random.default_rng(seed)
        y = rng.choice(["no", "yes"], n)
        words = np.array(["river", "stone", "cloud", "paper", "light"])
        day = pd.Timestamp("2024-01-31") + pd.to_timedelta(rng.integers(0, 400, n), unit="D")
        return pd.DataFrame(
            {
                "signal": np.where(y == "yes", 3.0, 0.0) + rng.normal(size=n).round(3),
                "noise": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
                "flag": rng.choice(np.array([True, False, None], dtype=object), n),
                "colour": rng.choice(["red", "green", SCRIPT], n).astype(object),
                "written day": day.strftime("%d/%m/%Y").to_numpy(dtype=object),
                "story": [" ".join(rng.choice(words, rng.integers(4, 12))) for _ in range(n)],
                "key": [f"k{i:04}" for i in range(n)],
                "same": 1.0,
                "y": y,
            }
        )

    return make
