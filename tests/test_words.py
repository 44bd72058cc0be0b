"""Parts of sentences: counts, lists of names, texts cut short."""

import pytest

from trialbook._words import brief, listed, plural, sentence, shorten


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (12_345, "12,345 rows")]
)
def test_one_is_told_from_many(count, text):
    assert plural(count, "row") == text


def test_many_may_have_a_word_of_their_own():
    assert plural(1, "class", "classes") == "1 class"
    assert plural(2, "class", "classes") == "2 classes"


def test_a_list_names_the_first_and_counts_the_others():
    assert listed([]) == ""
    assert listed(["a", "b"]) == "'a', 'b'"
    assert listed((f"x{number}" for number in range(2_003)), shown=3) == (
        "'x0', 'x1', 'x2' and 2,000 more"
    )


def test_a_text_that_fits_is_not_cut():
    assert shorten("abcde", 5) == "abcde"
    assert shorten("abcdef", 5) == "abcd…"


@pytest.mark.parametrize(
    ("clause", "text"),
    [
        ("none", "None."),
        ("is it so?", "Is it so?"),
        ("one_hot: by codes.", "one_hot: by codes."),
        ("table.csv is not UTF-8", "table.csv is not UTF-8."),
    ],
)
def test_a_sentence_begins_with_a_capital_unless_it_is_a_name(clause, text):
    assert sentence(clause) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.012345, "0.0123"), (145.2, "145"), (999.7, "1,000"), (-3454.2, "-3,454")],
)
def test_a_figure_is_told_in_three_digits_without_an_exponent(value, text):
    assert brief(value) == text
