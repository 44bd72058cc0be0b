"""A table that was not written plainly: what was interpreted is said, and holds at prediction."""

import pytest

pytestmark = pytest.mark.acceptance

QUICK = ("--allow", "decision_tree", "--max-trials", "1", "--folds", "2")
NAMES = "price;city;y\n"
ROWS = "".join(f"{1 + i % 9}.{100 + i},5;Köln;{'no' if i % 9 > 4 else 'yes'}\n" for i in range(40))


def test_a_table_from_a_spreadsheet_is_trained_on_and_predicted(run, folder):
    data, new = folder / "table.csv", folder / "new.csv"
    data.write_bytes((NAMES + ROWS + NAMES + ROWS).encode("cp1252"))
    trained = run("train", data, "--target", "y", *QUICK, "--no-voting", "--no-stacking")
    assert trained.code == 0, trained.err
    said = trained.out + trained.err
    assert "table.csv is not UTF-8 in 80 places, the first in line 2" in said
    assert "stand in table.csv once more, first in row 41" in said
    assert "Numbers are written like 1.100,5 in 'price'" in said
    # Alone, these would be 1.1 and 9.1: the first separates thousands, as in training.
    new.write_text("price;city\n1.100;Köln\nprice;city\n9.100;Köln\n")
    predicted = run("predict", new)
    assert predicted.out.split() == ["prediction", "yes", "no"]
    assert "new.csv once more, first in row 2; these rows are left out" in predicted.err
