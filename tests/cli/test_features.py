"""The summary of features, for people and for programs."""

import json


def test_features_are_told_by_column(api, run):
    outcome = run("features", "2", "--workspace", "W", "--name", "bank")
    assert outcome.code == 0
    assert api.experiment.asked == ["2", ("features", "LightGBM")]
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert "LightGBM: features of 2 of 3 columns" in lines
    assert "age numeric 2 median imputation; ratio of two age, age / size" in lines
    assert "day datetime 5 calendar day_0, day_1, day_2 and 2 more" in lines
    assert "id identifier 0 dropped: identifier" in lines


def test_features_for_programs_have_the_names_of_azures_summary(api, run):
    document = json.loads(run("features", "--workspace", "W", "--json").out)
    assert document["trial"] == "LightGBM"
    assert document["columns"][1] == {
        "RawFeatureName": "day",
        "TypeDetected": "DateTime",
        "Dropped": "No",
        "EngineeredFeatureCount": 5,
        "Transformations": ["calendar"],
        "EngineeredFeatureNames": [f"day_{i}" for i in range(5)],
        "Evidence": "stored as times",
        "DroppedBecause": None,
    }
    assert document["columns"][2]["Dropped"] == "Yes"
    assert document["columns"][2]["DroppedBecause"] == "identifier"
