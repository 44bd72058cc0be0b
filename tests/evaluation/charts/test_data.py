"""What charts say as data: it is right, small, and JSON."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.preprocessing import label_binarize

from trialbook.errors import DataError, OptionError
from trialbook.evaluation import Chart, charts, learning_curve, read_charts, training_rounds
from trialbook.evaluation._curves import curve, pooled_curve
from trialbook.evaluation.charts import _build


def classified(k, n=300, sharpness=2.0, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    proba = np.exp(rng.normal(size=(n, k)) + sharpness * np.eye(k)[y])
    return y, proba / proba.sum(axis=1, keepdims=True)


def named(chart, name):
    (found,) = [line for line in chart.data["curves"] if line["name"] == name]
    return found


def test_areas_of_classes_and_averages_are_those_of_scikit_learn():
    y, proba = classified(3)
    found = charts("classification", y, proba, list("abc"))
    truth = label_binarize(y, classes=range(3))
    for chart, key, score in (
        ("roc", "area", roc_auc_score),
        ("precision_recall", "average_precision", average_precision_score),
    ):
        for average in ("macro", "micro", "weighted"):
            expected = score(truth, proba, average=average)
            assert named(found[chart], average)[key] == pytest.approx(expected, abs=1e-6)
        each = score(truth, proba, average=None)
        assert [named(found[chart], name)[key] for name in "abc"] == pytest.approx(
            list(each), abs=1e-6
        )


def test_every_chart_of_lines_has_classes_and_averages_of_which_some_are_shown():
    y, proba = classified(3)
    found = charts("classification", y, proba, list("abc"))
    for name in ("roc", "precision_recall", "cumulative_gains", "lift", "calibration"):
        assert set(found[name].curves) == {"macro", "micro", "weighted", "a", "b", "c"}
        averages = [one for one in found[name].data["curves"] if one["average"]]
        assert [one["name"] for one in averages if one["shown"]] == [
            "micro" if name == "calibration" else "macro"
        ]
    y, proba = classified(2)
    roc = charts("classification", y, proba, ["no", "yes"], 1)["roc"].data
    assert [one["name"] for one in roc["curves"] if one["shown"]] == ["yes"]
    assert {one["name"] for one in roc["curves"]} == {"macro", "micro", "weighted", "no", "yes"}


def test_lines_are_switched_on_and_off_by_name():
    chart = charts("classification", *classified(3), list("abc"))["roc"]
    axes = chart.draw(["micro", "b"]).axes[0]
    told = [text.get_text().split("  ")[1] for text in axes.get_legend().get_texts()]
    assert told == ["all classes together", "b"]
    with pytest.raises(OptionError, match="no line 'd'"):
        chart.draw(["d"])


def test_gains_and_lift_follow_the_highest_scores():
    y = np.array([1] * 10 + [0] * 90)
    score = np.linspace(0.99, 0.01, 100)  # all ten of the class are at the top
    proba = np.column_stack([1 - score, score])
    found = charts("classification", y, proba, ["no", "yes"], 1)
    gains, lift = named(found["cumulative_gains"], "yes"), named(found["lift"], "yes")
    assert gains["share_of_class"][:11] == pytest.approx(np.linspace(0, 1, 11))
    assert gains["share_of_class"][11:] == pytest.approx([1.0] * 90)
    assert lift["lift"][:10] == pytest.approx([10.0] * 10)
    assert lift["lift"][-1] == 1.0


def test_scores_that_are_all_the_same_are_random():
    y = np.array([0, 1] * 20)
    found = charts("classification", y, np.full((40, 2), 0.5), ["no", "yes"], 1)
    assert named(found["roc"], "yes")["area"] == 0.5
    assert named(found["lift"], "yes")["lift"] == pytest.approx([1.0] * 100)
    assert all(chart.figure.axes for chart in found.values())


def test_thresholds_tell_where_the_points_of_a_class_come_from():
    y, proba = classified(2)
    line = named(charts("classification", y, proba, ["no", "yes"], 1)["roc"], "yes")
    assert line["threshold"][0] is None
    for place in (10, 50, -1):
        taken = proba[:, 1] >= line["threshold"][place] - 1e-5
        assert line["true_positive_rate"][place] == pytest.approx(taken[y == 1].mean(), abs=0.02)


def test_the_matrix_has_counts_and_shares_as_azures_has():
    y, proba = np.array([0, 0, 0, 1, 2]), np.eye(3)[[0, 0, 1, 1, 0]]
    data = charts("classification", y, proba, list("abc"))["confusion_matrix"].data
    assert data["class_labels"] == ["a", "b", "c"]
    assert data["matrix"] == [[2, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert np.array(data["normalized"]) == pytest.approx(
        np.array([[2 / 3, 1 / 3, 0], [0, 1, 0], [1, 0, 0]]), abs=1e-5
    )


def test_residuals_and_predictions_are_binned_as_azures_are():
    rng = np.random.default_rng(0)
    y = rng.gamma(2.0, size=4000)
    found = charts("regression", y, y + rng.normal(0.3, 1, size=4000))
    data = found["residuals"].data
    assert len(data["bin_edges"]) == len(data["bin_counts"]) + 1
    assert sum(data["bin_counts"]) + data["below"] + data["above"] == 4000
    assert data["median"] == pytest.approx(0.3, abs=0.06)
    data = found["predicted_vs_true"].data
    assert len(data["bin_edges"]) == len(data["bin_averages"]) + 1 == 21
    assert sum(data["bin_counts"]) == 4000 - data["outside"]
    middle = data["bin_true"][10]
    assert data["bin_averages"][10] == pytest.approx(middle + 0.3, abs=0.25)
    assert data["bin_errors"][10] == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_row_that_weighs_two_counts_as_two_rows(task):
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 4, 400)
    if task == "classification":
        y, prediction = classified(3, n=400)
        names = list("abc")
    else:
        y = rng.gamma(2.0, size=400)
        prediction, names = y + rng.normal(size=400), []
    weighted = charts(task, y, prediction, names, None, weight)
    repeated = charts(task, np.repeat(y, weight), np.repeat(prediction, weight, axis=0), names)
    for name in repeated:
        assert weighted[name].data["weighted"] and not repeated[name].data["weighted"]
        assert weighted[name].figure.axes
    if task == "regression":
        for key in ("mean", "median", "std"):
            got, expected = (one["residuals"].data[key] for one in (weighted, repeated))
            assert got == pytest.approx(expected, abs=1e-6)
        return
    assert (
        weighted["confusion_matrix"].data["matrix"] == repeated["confusion_matrix"].data["matrix"]
    )
    for name, key in (("roc", "area"), ("calibration", "calibration_error")):
        for line in ("macro", "micro", "weighted", "a"):
            expected = named(repeated[name], line)[key]
            assert named(weighted[name], line)[key] == pytest.approx(expected, abs=1e-6)
    for name, key in (("lift", "lift"), ("cumulative_gains", "share_of_class")):
        got, expected = named(weighted[name], "b")[key], named(repeated[name], "b")[key]
        assert got == pytest.approx(expected, abs=1e-4)


def test_weights_that_are_all_the_same_are_none():
    y, proba = classified(3)
    found = charts("classification", y, proba, list("abc"), None, np.full(len(y), 2.0))
    assert not found["roc"].data["weighted"]


def test_many_scores_are_pooled_without_sorting():
    y, proba = classified(26, n=4000, sharpness=5.0)
    truth = (y[:, None] == np.arange(26)).ravel()
    exact, fast = curve(truth, proba.ravel()), pooled_curve(truth, proba.ravel())
    assert fast.area == pytest.approx(exact.area, abs=1e-4)
    assert fast.average_precision == pytest.approx(exact.average_precision, abs=1e-4)
    assert (np.diff(fast.thresholds) < 0).all()


def test_curves_of_very_many_rows_are_those_of_a_sample(monkeypatch):
    monkeypatch.setattr(_build, "MAX_SCORES", 4000)
    y, proba = classified(2, n=20_000)
    found = charts("classification", y, proba, ["no", "yes"], 1)
    data = found["roc"].data
    assert (data["rows"], data["rows_sampled"]) == (20_000, 2000)
    exact = roc_auc_score(y, proba[:, 1])
    assert named(found["roc"], "yes")["area"] == pytest.approx(exact, abs=0.02)
    assert np.sum(found["confusion_matrix"].data["matrix"]) == 20_000


def test_data_of_a_hundred_classes_stays_small():
    found = charts("classification", *classified(100, n=5000), range(100))
    sizes = {name: len(json.dumps(chart.data)) for name, chart in found.items()}
    assert max(sizes.values()) < 300_000, sizes
    assert sum(sizes.values()) < 1_000_000, sizes


@pytest.mark.parametrize("k", [2, 4])
def test_three_rows_and_a_class_without_rows_have_data_and_pictures(k):
    y, proba = np.array([0, 0, 1]), classified(k, n=3)[1]
    found = charts("classification", y, proba, list("abcd")[:k], 1 if k == 2 else None)
    assert {"a", "b"} <= set(found["roc"].curves)
    assert not {"c", "d"} & set(found["roc"].curves)
    assert all(json.dumps(chart.data, allow_nan=False) for chart in found.values())
    assert all(chart.figure.axes for chart in found.values())
    numbers = charts("regression", np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0]))
    assert all(chart.figure.axes for chart in numbers.values())


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e15])
def test_residuals_that_hardly_differ_can_be_counted(size):
    y = size * np.arange(30.0)
    found = charts("regression", y, y + 0.1 * size)
    assert sum(found["residuals"].data["bin_counts"]) == 30
    assert found["residuals"].figure.axes and found["predicted_vs_true"].figure.axes
    same = charts("regression", np.full(30, size), np.full(30, size))
    assert sum(same["residuals"].data["bin_counts"]) == 30


def test_few_rows_make_few_bars():
    y = np.arange(30.0)
    found = charts("regression", y, y[::-1])
    assert len(found["residuals"].data["bin_counts"]) == 10
    assert len(found["predicted_vs_true"].data["bin_averages"]) == 3


def test_a_chart_is_read_as_it_was_written(tmp_path):
    found = charts("classification", *classified(3), ["a", "ü", "$"])
    for chart in found.values():
        chart.write_data(str(tmp_path / "charts"))
    found["roc"].write_picture(str(tmp_path / "charts"))
    again = read_charts(tmp_path / "charts")
    assert set(again) == set(found)
    assert again["lift"].data == found["lift"].data
    assert again["roc"].picture == tmp_path / "charts" / "roc.png"
    assert again["lift"].picture is None
    assert again["lift"]._repr_png_().startswith(b"\x89PNG")
    document = json.loads((tmp_path / "charts" / "roc.json").read_text("utf-8"))
    assert (document["schema_type"], document["schema_version"]) == ("roc", "1.0")
    assert read_charts(tmp_path / "nowhere") == {}


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"schema_type": "pie", "data": {}}'])
def test_a_file_without_a_chart_is_told(tmp_path, text):
    path = tmp_path / "roc.json"
    path.write_text(text, "utf-8")
    with pytest.raises(DataError, match="the file holds"):
        Chart.read(path)


def test_a_learning_curve_has_means_over_the_folds():
    points = [
        {
            "fold": f,
            "share": s,
            "rows": int(100 * s),
            "training": 1.0,
            "validation": v,
            "seconds": 1,
        }
        for f, s, v in ((1, 0.5, 2.0), (1, 1.0, 1.0), (2, 0.5, 4.0))
    ]
    data = learning_curve(points, "rmse", greater_is_better=False)
    training, validation = data["curves"]
    assert (training["name"], validation["name"]) == ("training", "validation")
    assert validation["rows"] == [50, 100]
    assert validation["score"] == [3.0, 1.0]
    assert validation["std"] == [1.0, 0.0]
    assert validation["folds"] == [2, 1]
    axes = Chart("learning_curve", data).figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("training rows", "rmse")
    assert axes.get_title(loc="right") == "lower is better"


def test_rounds_are_thinned_and_undefined_sets_left_out():
    losses = np.linspace(1, 0.1, 1000)
    data = training_rounds("logloss", [((), losses), ((), losses + 0.1)], [900, 800])
    assert [one["name"] for one in data["curves"]] == ["validation, fold 1", "validation, fold 2"]
    assert (data["curves"][0]["rounds"][0], data["curves"][0]["rounds"][-1]) == (1, 1000)
    assert len(data["curves"][0]["rounds"]) == 200
    axes = Chart("training_rounds", data).figure.axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["validation rows"]


@pytest.mark.parametrize("scale", [5e-324, 1e-200, 1e155, 1e300])
def test_numbers_that_cannot_be_squared_have_no_charts(scale):
    y = np.arange(1.0, 31.0) * scale if scale > 1e-300 else np.full(30, scale)
    assert charts("regression", y, y) == {}
