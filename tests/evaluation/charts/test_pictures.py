import io
import warnings

import numpy as np
import pytest

from trialbook.evaluation import charts as charts_of

CLASSIFICATION = [
    "confusion_matrix",
    "confusion_matrix_counts",
    "roc",
    "precision_recall",
    "cumulative_gains",
    "lift",
    "calibration",
]


def charts(*args):
    """The pictures of all charts."""
    return {name: chart.figure for name, chart in charts_of(*args).items()}


def classified(k, n=300, sharpness=2.0, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    proba = np.exp(rng.normal(size=(n, k)) + sharpness * np.eye(k)[y])
    return y, proba / proba.sum(axis=1, keepdims=True)


def save(figure):
    """Draw as a PNG; a warning, such as of a layout that does not fit, is an error."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(stream, format="png", dpi=60)
    return stream.getvalue()


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def note(figure):
    return figure.axes[0].get_title(loc="right")


def texts(axes, kind):
    """What a confusion matrix says in its cells, or at one of its axes."""
    return [text.get_text() for text in axes.texts if text.get_gid() == kind]


@pytest.mark.parametrize("k", [2, 3, 8, 9, 48, 70])
def test_classification_has_charts_that_can_be_saved(k):
    positive = 1 if k == 2 else None
    figures = charts("classification", *classified(k), [f"class {i}" for i in range(k)], positive)
    assert list(figures) == CLASSIFICATION
    for figure in figures.values():
        assert save(figure).startswith(b"\x89PNG")
        assert figure.axes[0].get_title(loc="left")
        assert figure.axes[0].get_ylabel()


@pytest.mark.parametrize("n", [30, 5000])
def test_regression_has_two_charts_that_can_be_saved(n):
    rng = np.random.default_rng(0)
    y = rng.gamma(2.0, size=n)
    figures = charts("regression", y, y + rng.normal(size=n))
    assert list(figures) == ["residuals", "predicted_vs_true"]
    assert all(save(figure).startswith(b"\x89PNG") for figure in figures.values())
    cloud, side = figures["residuals"].axes
    assert cloud.get_xlabel() == "predicted value"
    assert cloud.get_ylabel() == "predicted − true"
    assert legend(side)[0].startswith("median")
    upper, below = figures["predicted_vs_true"].axes
    assert upper.get_ylabel() == "predicted value"
    assert below.get_xlabel() == "true value"
    assert legend(upper) == ["perfect", "mean prediction", "± 1 standard deviation"]


def test_confusion_matrix_counts_and_shares_rows():
    y = np.array([0, 0, 0, 0, 1, 1])
    proba = np.eye(2)[[0, 0, 0, 1, 1, 1]]
    axes = charts("classification", y, proba, ["no", "yes"], 1)["confusion_matrix"].axes[0]
    assert texts(axes, "cell") == ["3\n75%", "1\n25%", "0", "2\n100%"]
    assert texts(axes, "true class") == texts(axes, "predicted class") == ["no", "yes"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")


def test_confusion_matrix_of_very_many_classes_shows_the_frequent_ones():
    figures = charts("classification", *classified(70, n=2000), range(70))
    axes = figures["confusion_matrix"].axes[0]
    assert "60 most frequent of 70" in note(figures["confusion_matrix"])
    assert len(texts(axes, "true class")) == len(texts(axes, "predicted class")) == 60
    assert not texts(axes, "cell")


def test_confusion_matrix_of_many_classes_shows_shares_alone():
    y = np.repeat(np.arange(10), 2)
    predicted = np.where(np.arange(20) % 2, y, 0)
    axes = charts("classification", y, np.eye(10)[predicted], range(10))["confusion_matrix"].axes[
        0
    ]
    assert texts(axes, "cell")[:3] == ["100%", "", ""]
    assert texts(axes, "cell")[10:13] == ["50%", "50%", ""]


@pytest.mark.parametrize("k", [2, 3, 12, 48])
def test_everything_lies_within_the_picture(k):
    names = [f"a long name, the {i}th of them" for i in range(k)]
    positive = 1 if k == 2 else None
    rng = np.random.default_rng(0)
    y = 1e7 * rng.gamma(2.0, size=3000)
    figures = charts("classification", *classified(k), names, positive)
    figures |= charts("regression", y, y * rng.normal(1, 0.3, size=3000))
    for name, figure in figures.items():
        save(figure)
        inked, picture = figure.get_tightbbox(), figure.bbox_inches
        assert picture.x0 <= inked.x0 and inked.x1 <= picture.x1, name
        assert picture.y0 <= inked.y0 and inked.y1 <= picture.y1, name


def test_no_layout_engine_draws_a_figure_twice():
    figures = charts("classification", *classified(3), list("abc"))
    assert all(figure.get_layout_engine() is None for figure in figures.values())


def test_binary_curves_are_those_of_the_positive_class():
    y, proba = classified(2)
    for positive in (0, 1):
        figures = charts("classification", y, proba, ["no", "yes"], positive)
        for name in ("roc", "precision_recall"):
            (entry,) = legend(figures[name].axes[0])
            assert entry.endswith(["no", "yes"][positive])


def test_a_class_that_is_a_mere_number_is_told_from_a_measure():
    figures = charts("classification", *classified(2), [0, 1], 1)
    assert legend(figures["roc"].axes[0])[0].endswith("  class 1")
    assert legend(figures["lift"].axes[0])[0] == "class 1"


def test_names_of_classes_lie_where_there_is_room():
    def turned(names):
        data = classified(len(names), n=900)
        axes = charts("classification", *data, names)["confusion_matrix"].axes[0]
        (found,) = {
            text.get_rotation() for text in axes.texts if text.get_gid() == "predicted class"
        }
        return found

    assert turned(["bus", "opel", "saab", "van"]) == turned([*"abcdefghijklmnopqrst"]) == 0
    assert turned(["a rather long name", *"bcd"]) == turned(range(100, 120)) == 90


def test_no_grid_is_drawn_across_a_cloud():
    y = np.random.default_rng(0).gamma(2.0, size=3000)
    axes = charts("regression", y, 1.1 * y)["residuals"].axes[0]
    (cells,) = axes.get_images()
    assert axes.xaxis.get_zorder() < cells.get_zorder() < 2


def test_curves_of_a_perfect_ranking_reach_the_corner():
    y = np.array([0, 0, 1, 1])
    proba = np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.1, 0.9]])
    figures = charts("classification", y, proba, ["no", "yes"], 1)
    assert legend(figures["roc"].axes[0]) == ["1.000  yes"]
    assert legend(figures["precision_recall"].axes[0]) == ["1.000  yes"]
    line = figures["roc"].axes[0].get_lines()[-1]
    assert [0.0, 1.0] in line.get_xydata().tolist()


def test_each_of_few_classes_is_named_and_of_many_only_the_weakest():
    few = charts("classification", *classified(5), list("abcde"))["roc"].axes[0]
    assert [entry.split()[1] for entry in legend(few)[1:]] == list("abcde")
    many = charts("classification", *classified(30, n=900), range(30))["roc"].axes[0]
    entries = legend(many)
    assert len(entries) == 7
    assert entries[-1] == "the other 25 classes"
    areas = [float(entry.split()[0]) for entry in entries[1:-1]]
    assert areas == sorted(areas)
    assert max(areas) <= float(entries[0].split()[0])


def test_calibration_of_true_probabilities_lies_on_the_diagonal():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    y = (rng.random(20_000) < p).astype(int)
    figure = charts("classification", y, np.column_stack([1 - p, p]), [0, 1], 1)["calibration"]
    x, share = figure.axes[0].get_lines()[1].get_data()
    assert len(x) == 10
    np.testing.assert_allclose(x, share, atol=0.03)


def test_awkward_class_names_are_shown_as_they_are():
    names = ["_hidden", "$5 to $10", "two\nlines", "the beginning of it all and then the end"]
    figures = charts("classification", *classified(4), names)
    shown = [entry.split("  ", 1)[1] for entry in legend(figures["roc"].axes[0])[1:]]
    assert shown == ["_hidden", r"\$5 to \$10", "two lines", "the beginnin…then the end"]
    for figure in figures.values():
        save(figure)


def test_absent_classes_are_skipped_and_undefined_charts_left_out():
    y, proba = classified(4)
    some = charts("classification", np.where(y == 0, 1, y), proba, list("abcd"))
    assert [entry.split()[1] for entry in legend(some["roc"].axes[0])[1:]] == list("bcd")
    one = charts("classification", np.zeros(9, dtype=int), proba[:9], list("abcd"))
    assert list(one) == ["confusion_matrix", "confusion_matrix_counts", "calibration"]
    for figure in (*some.values(), *one.values()):
        save(figure)


@pytest.mark.parametrize("n", [1, 2])
def test_constant_and_tiny_regressions_can_be_drawn(n):
    for figure in charts("regression", np.ones(n), np.ones(n)).values():
        save(figure)


def test_a_few_far_values_do_not_flatten_the_picture():
    y = np.arange(1000.0)
    prediction = y.copy()
    prediction[0] = 1e9
    figures = charts("regression", y, prediction)
    assert "1 of 1,000 rows lie outside" in note(figures["residuals"])
    assert figures["predicted_vs_true"].axes[0].get_ylim()[1] < 1e4


def test_predictions_that_are_not_finite_have_no_charts():
    assert charts("regression", np.ones(2), np.array([1.0, np.nan])) == {}
    assert charts("classification", np.array([], dtype=int), np.empty((0, 2)), [0, 1], 1) == {}
