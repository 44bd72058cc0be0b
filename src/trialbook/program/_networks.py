"""Neural networks whose very source stands in generated programs.

The layers are those of the package ``tabm``; what is here is how they are put together and
trained, which no package has as a scikit-learn estimator with weights of rows and a stop after
any epoch. PyTorch is never imported by Trialbook itself: that takes seconds, so only a program
that uses it pays for it.
"""
# ruff: noqa: ANN001, ANN202, ANN204 -- they are read in notebooks, which must be short
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

import warnings
from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

if TYPE_CHECKING:
    import tabm
    import torch
    from rtdl_num_embeddings import PiecewiseLinearEmbeddings, compute_bins


class TabMEstimator(BaseEstimator):
    """TabM (Gorishniy et al. 2025): k networks that share most weights; their mean predicts."""

    def __init__(
        self,
        k=8,
        n_blocks=2,
        d_block=128,
        dropout=0.1,
        n_bins=24,
        d_embedding=8,
        learning_rate=0.005,
        weight_decay=0.0003,
        batch_size=256,
        max_epochs=200,
        patience=16,
        random_state=0,
        n_jobs=1,
    ):
        self.k = k
        self.n_blocks = n_blocks
        self.d_block = d_block
        self.dropout = dropout
        self.n_bins = n_bins
        self.d_embedding = d_embedding
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _build(self, X, n_outputs):
        """Numbers become piecewise linear embeddings; columns of two values stay as they are."""
        self.low_, self.high_ = X.amin(0), X.amax(0)
        two_values = ((self.low_ == X) | (self.high_ == X)).all(0)
        self.plain_, self.embedded_ = two_values.nonzero()[:, 0], (~two_values).nonzero()[:, 0]
        sizes = [1] * len(self.plain_)
        self.layers_ = torch.nn.ModuleDict()
        if len(self.embedded_):
            with warnings.catch_warnings(action="ignore"):  # of columns that fill a single bin
                bins = compute_bins(X[:, self.embedded_], n_bins=min(self.n_bins, len(X) - 1))
                self.layers_["embedding"] = PiecewiseLinearEmbeddings(
                    bins, self.d_embedding, activation=False, version="B"
                )
            sizes += [self.d_embedding] * len(self.embedded_)
        backbone = tabm.make_tabm_backbone(
            d_in=sum(sizes),
            n_blocks=self.n_blocks,
            d_block=self.d_block,
            dropout=self.dropout,
            k=self.k,
            start_scaling_init="normal",
            start_scaling_init_chunks=sizes,
        )
        output = tabm.LinearEnsemble(self.d_block, n_outputs, k=self.k)
        self.layers_["network"] = torch.nn.Sequential(
            tabm.EnsembleView(k=self.k), backbone, output
        )

    def _outputs(self, X):
        """What each of the k networks says: (rows, k, outputs)."""
        columns = [X[:, self.plain_]]
        if len(self.embedded_):
            columns.append(self.layers_["embedding"](X[:, self.embedded_]).flatten(1))
        return self.layers_["network"](torch.cat(columns, dim=1))

    def _train(self, X, target, n_outputs, weight, validation_loss, n_epochs, callbacks):
        """Train `n_epochs`, or until the loss on the validation rows no longer falls."""
        torch.set_num_threads(self.n_jobs)  # the same number of threads gives the same sums
        torch.manual_seed(self.random_state)
        X = torch.as_tensor(np.asarray(X, dtype=np.float32))
        weight = np.ones(len(X)) if weight is None else weight / np.mean(weight)
        weight = torch.as_tensor(weight, dtype=torch.float32)
        self._build(X, n_outputs)
        optimizer = torch.optim.AdamW(
            self.layers_.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
        )
        least = np.inf
        for epoch in range(1, (n_epochs or self.max_epochs) + 1):
            self.layers_.train()
            for rows in torch.randperm(len(X)).split(self.batch_size):
                optimizer.zero_grad()
                losses = self._losses(self._outputs(X[rows]), target[rows])
                (losses.mean(1) * weight[rows]).mean().backward()
                optimizer.step()
            if n_epochs:
                continue
            loss = validation_loss()
            if epoch == 1 or loss < least:
                least, self.n_epochs_ = loss, epoch
                best = deepcopy(self.layers_.state_dict())
            waited = epoch - self.n_epochs_
            if any(callback(epoch) for callback in callbacks) or waited >= self.patience:
                break
        if n_epochs:
            self.n_epochs_ = n_epochs
        else:
            self.layers_.load_state_dict(best)
        return self

    def _mean(self, X):
        """The mean of the k networks; of classes, the mean of their probabilities."""
        threads = torch.get_num_threads()
        torch.set_num_threads(self.n_jobs)
        self.layers_.eval()
        X = torch.as_tensor(np.asarray(X, dtype=np.float32))
        X = X.clamp(self.low_, self.high_)  # a narrow last bin would make much of what is beyond
        with torch.inference_mode():
            parts = [self._activated(self._outputs(rows)).mean(1) for rows in X.split(1024)]
        torch.set_num_threads(threads)
        return torch.cat(parts).numpy()


class TabMClassifier(ClassifierMixin, TabMEstimator):
    """TabM for classes: cross-entropy."""

    def fit(self, X, y, weight=None, valid=None, n_epochs=None, callbacks=()):
        """Train `n_epochs`, or stop early on `valid`: rows, classes and weights."""
        self.classes_, codes = np.unique(y, return_inverse=True)

        def validation_loss():
            X_valid, y_valid, weight_valid = valid
            places = np.searchsorted(self.classes_, y_valid)
            p = self._mean(X_valid)[np.arange(len(places)), places]
            return np.average(-np.log(np.maximum(p, 1e-9)), weights=weight_valid)

        n_classes, target = len(self.classes_), torch.as_tensor(codes)
        return self._train(X, target, n_classes, weight, validation_loss, n_epochs, callbacks)

    def _losses(self, outputs, target):
        targets = target[:, None].expand(-1, self.k)
        return torch.nn.functional.cross_entropy(
            outputs.transpose(1, 2), targets, reduction="none"
        )

    def _activated(self, outputs):
        return outputs.double().softmax(-1)  # which sums to one as exactly as scorers ask

    def predict_proba(self, X):
        """Probabilities of the classes."""
        return self._mean(X)

    def predict(self, X):
        """The most probable class."""
        return self.classes_[self._mean(X).argmax(axis=1)]


class TabMRegressor(RegressorMixin, TabMEstimator):
    """TabM for numbers: squared error of the standardized target."""

    def fit(self, X, y, weight=None, valid=None, n_epochs=None, callbacks=()):
        """Train `n_epochs`, or stop early on `valid`: rows, targets and weights."""
        self.mean_, self.scale_ = np.mean(y), np.std(y) or 1.0

        def validation_loss():
            X_valid, y_valid, weight_valid = valid
            return np.average((self.predict(X_valid) - y_valid) ** 2, weights=weight_valid)

        target = torch.as_tensor((y - self.mean_) / self.scale_, dtype=torch.float32)
        return self._train(X, target, 1, weight, validation_loss, n_epochs, callbacks)

    def _losses(self, outputs, target):
        return (outputs[:, :, 0] - target[:, None]) ** 2

    def _activated(self, outputs):
        return outputs[:, :, 0].double()

    def predict(self, X):
        """The expected number."""
        return self._mean(X) * self.scale_ + self.mean_
