"""Cells of a trial's notebook that draw how its model errs and learns, as source text."""

CLASSIFICATION_CHARTS = """\
if __name__ == "__main__":
    import matplotlib.pyplot as plt
    from sklearn.calibration import CalibrationDisplay
    from sklearn.metrics import (
        ConfusionMatrixDisplay,
        PrecisionRecallDisplay,
        RocCurveDisplay,
    )

    truth = np.concatenate([y[rows] for _, rows, _ in results])
    proba = np.concatenate([prediction for _, _, prediction in results])
    figure, ((matrix, roc, recall), (calibration, gains, lift)) = plt.subplots(
        2, 3, figsize=(16, 9), layout="constrained"
    )
    ConfusionMatrixDisplay.from_predictions(
        truth,
        proba.argmax(axis=1),
        labels=range(len(CLASSES)),
        display_labels=CLASSES,
        normalize="true",
        values_format=".2f",
        include_values=len(CLASSES) <= 12,
        xticks_rotation="vertical",
        colorbar=False,
        ax=matrix,
    )
    for k in [POSITIVE]:
        score, hit, name = proba[:, k], truth == k, str(CLASSES[k])
        if hit.any() and not hit.all():
            RocCurveDisplay.from_predictions(hit, score, name=name, ax=roc)
            PrecisionRecallDisplay.from_predictions(hit, score, name=name, ax=recall)
            CalibrationDisplay.from_predictions(
                hit, score.clip(0, 1), n_bins=10, name=name, ax=calibration
            )
            share = np.arange(1, len(hit) + 1) / len(hit)
            found = hit[np.argsort(-score)].cumsum() / hit.sum()
            gains.plot(share, found, label=name)
            lift.plot(share, found / share, label=name)
    gains.set(title="cumulative gains", xlabel="share of rows", ylabel="share of class")
    lift.set(title="lift", xlabel="share of rows, highest scores first")
"""

REGRESSION_CHARTS = """\
if __name__ == "__main__":
    import matplotlib.pyplot as plt
    from sklearn.metrics import PredictionErrorDisplay

    truth = np.concatenate([y[rows] for _, rows, _ in results])
    predicted = np.concatenate([prediction for _, _, prediction in results])
    figure, (values, residuals) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    PredictionErrorDisplay.from_predictions(
        truth, predicted, kind="actual_vs_predicted", subsample=2000, random_state=SEED, ax=values
    )
    bins = pd.qcut(truth, 20, labels=False, duplicates="drop")
    means = pd.DataFrame({"true": truth, "predicted": predicted}).groupby(bins).mean()
    values.plot(means["predicted"], means["true"], color="tab:orange", label="mean prediction")
    values.legend()
    errors = predicted - truth
    most = np.quantile(np.abs(errors), 0.995) or 1.0
    residuals.hist(errors.clip(-most, most), bins=np.linspace(-most, most, 61))
    residuals.set(title="residuals", xlabel="predicted - true", ylabel="rows")
"""

# GIVEN stands for the arguments after the folds.
LEARNING_CURVE = """\
LEARN = False  # True trains on shares of the first fold's rows (takes a few trainings)
if __name__ == "__main__" and LEARN:
    fold = folds[:, 0]
    order = np.random.default_rng(SEED).permutation(np.flatnonzero(fold == 1))
    shares, learned = [0.1, 0.2, 0.4, 0.7, 1.0], []
    for share in shares:
        some = np.where(fold == 0, 0, -1)
        some[order[: round(share * len(order))]] = 1
        _, rows, prediction = next(cross_validate(X, y, some[:, None]GIVEN))
        learned.append(evaluate(y, rows, prediction))
    curve = pd.Series(learned, index=shares)
    curve.plot(marker="o", xlabel="share of the training rows", ylabel="validation score")
"""
