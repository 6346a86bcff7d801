"""How well do vectors of nodes tell the nodes' labels? The protocol of DeepWalk (Perozzi, Al-Rfou, Skiena, KDD 2014).

Shuffle the nodes, learn on the first p %, predict the rest, average over shuffles. One L2-regularised logistic
regression per label (one versus rest) on columns scaled to mean 0 and deviation 1. F1 comes in two kinds:

- *known count*: a node is given as many labels as it truly has, the likeliest ones. Papers report this one; nobody who
  predicts knows that count (Lin et al., NeurIPS 2021, "On the use of unrealistic predictions ...").
- *threshold*: a node is given the labels with a probability above one half.

All labels of a split are fitted at once by Newton's method, each step solved by preconditioned conjugate gradients: the
work is products of dense matrices. Features are rotated to the principal axes of the training rows first. The penalty
does not see a rotation, and in the rotated frame the Hessians are nearly diagonal, so a diagonal preconditioner does.

``python -m common.node_classification`` (from ``benches/python``) compares with scikit-learn on one split.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Labels = NDArray[np.bool_]
"""One row per node, one column per label."""

C = 0.1
SHARES = (0.01, 0.1, 0.5)


@dataclass(frozen=True)
class LabelledGraph:
    """An undirected, unweighted graph and the labels of its nodes."""

    adjacency: Any  # scipy.sparse.csr_matrix of ones
    labels: Labels


@dataclass(frozen=True)
class F1:
    """Per cent, averaged over shuffles."""

    known_micro: float
    known_macro: float
    threshold_micro: float
    threshold_macro: float


def load_blogcatalog() -> LabelledGraph | None:
    """BlogCatalog, 10,312 bloggers and 39 interests, from ``GRAPHRANK_DATA/blogcatalog.mat``; None without it."""
    from scipy.io import loadmat

    path = Path(os.environ.get("GRAPHRANK_DATA", ".")) / "blogcatalog.mat"
    if not path.exists():
        return None
    content = loadmat(path)
    return LabelledGraph(content["network"].tocsr(), content["group"].toarray() > 0)


def evaluate(
    vectors: NDArray[Any],
    labels: Labels,
    *,
    shuffles: int = 5,
    shares: tuple[float, ...] = SHARES,
    c: float = C,
) -> dict[float, F1]:
    """F1 for each share of labelled nodes. The shuffles are the same for whatever is evaluated."""
    x = standardised(vectors)
    found: dict[float, list[tuple[float, ...]]] = {share: [] for share in shares}
    for shuffle in range(shuffles):
        order = np.random.default_rng(shuffle).permutation(len(x))
        for share, scores in found.items():
            n_train = int(share * len(x))
            train, test = order[:n_train], order[n_train:]
            logits = fit_one_vs_rest(x[train], labels[train], c)(x[test])
            scores.append(
                (*f1(known_count(logits, labels[test]), labels[test]), *f1(logits > 0, labels[test]))
            )
    return {share: F1(*np.mean(scores, axis=0)) for share, scores in found.items()}


def standardised(vectors: NDArray[Any]) -> Floats:
    """Columns with mean 0 and deviation 1; constant columns become 0."""
    x = vectors.astype(np.float64)
    x -= x.mean(axis=0)
    deviation = x.std(axis=0)
    return x / np.where(deviation > 0, deviation, 1)


def known_count(logits: Floats, truth: Labels) -> Labels:
    """Each row's likeliest labels, as many as it truly has."""
    rank = np.empty(logits.shape, np.int64)
    np.put_along_axis(
        rank, np.argsort(-logits, axis=1, kind="stable"), np.arange(logits.shape[1])[None], axis=1
    )
    return rank < truth.sum(axis=1, keepdims=True)


def f1(predicted: Labels, truth: Labels) -> tuple[float, float]:
    """Micro and macro F1, per cent; a label that is neither true nor predicted anywhere counts 0, as is usual."""
    hits = (predicted & truth).sum(axis=0)
    both = predicted.sum(axis=0) + truth.sum(axis=0)
    return 200 * hits.sum() / max(both.sum(), 1), 100 * float(np.mean(2 * hits / np.maximum(both, 1)))


class Classifiers:
    """Fitted classifiers, one per label: called with rows, they answer the logit of each row and label."""

    def __init__(self, weights: Floats, intercepts: Floats) -> None:
        self.weights, self.intercepts = weights, intercepts

    def __call__(self, x: Floats) -> Floats:
        return x @ self.weights + self.intercepts


def fit_one_vs_rest(x: Floats, y: Labels, c: float = C, *, tol: float = 1e-4) -> Classifiers:
    """Minimise |w|^2 / 2 + c * (logistic loss) for every column of ``y``; intercepts are free.

    ``tol`` bounds each gradient relative to the one at zero weights. A label without examples, or with nothing else,
    has the logit -inf or inf.
    """
    known = y.any(axis=0) & ~y.all(axis=0)
    centre = x.mean(axis=0)
    axes = np.linalg.svd(x - centre, full_matrices=False)[2].T
    features = np.column_stack([(x - centre) @ axes, np.ones(len(x))]).astype(
        np.float32
    )  # the last: the intercept
    penalty = np.append(np.ones(axes.shape[1], np.float32), np.float32(0))[:, None]
    solution = _newton(features, y[:, known].astype(np.float32), penalty, c, tol)
    weights = np.zeros((x.shape[1], y.shape[1]))
    weights[:, known] = axes @ solution[:-1]
    intercepts = np.where(y.all(axis=0), np.inf, -np.inf)
    intercepts[known] = solution[-1] - centre @ weights[:, known]
    return Classifiers(weights, intercepts)


def _newton(features: Floats, y: Floats, penalty: Floats, c: float, tol: float) -> Floats:
    w = np.zeros((features.shape[1], y.shape[1]), features.dtype)
    w[-1] = np.log(y.mean(axis=0) / (1 - y.mean(axis=0)))  # the best intercepts alone
    squares = features**2
    enough = tol * np.linalg.norm(c * (features.T @ (0.5 - y)), axis=0)
    todo, logits = np.arange(y.shape[1]), features @ w
    for _ in range(50):
        p = 1 / (1 + np.exp(-logits))
        gradient = penalty * w[:, todo] + c * (features.T @ (p - y))
        left = np.linalg.norm(gradient, axis=0) > enough[todo]
        if not left.any():
            break
        todo, logits, y, p, gradient = todo[left], logits[:, left], y[:, left], p[:, left], gradient[:, left]
        curvature = c * p * (1 - p)
        step = _conjugate_gradients(features, curvature, penalty, squares.T @ curvature + penalty, gradient)
        w[:, todo], logits = _descend(w[:, todo], logits, step, features @ step, y, penalty, c)
    return w


def _conjugate_gradients(
    features: Floats, curvature: Floats, penalty: Floats, diagonal: Floats, gradient: Floats
) -> Floats:
    """Solve every label's Newton system to one part in ten, all labels in step."""
    step = np.zeros_like(gradient)
    residual = gradient.copy()
    enough = 0.1 * np.linalg.norm(gradient, axis=0)
    z = residual / diagonal
    direction, rho = z, (residual * z).sum(axis=0)
    for _ in range(100):
        image = penalty * direction + features.T @ (curvature * (features @ direction))
        active = np.linalg.norm(residual, axis=0) > enough
        if not active.any():
            break
        alpha = np.where(active, rho / np.where(active, (direction * image).sum(axis=0), 1), 0)
        step += alpha * direction
        residual -= alpha * image
        z = residual / diagonal
        rho, before = (residual * z).sum(axis=0), rho
        direction = z + np.where(active, rho / np.where(active, before, 1), 0) * direction
    return step


def _descend(
    w: Floats, logits: Floats, step: Floats, rise: Floats, y: Floats, penalty: Floats, c: float
) -> tuple[Floats, Floats]:
    """Subtract the step, halved for those labels whose loss it would not lower."""

    def loss(w: Floats, logits: Floats) -> Floats:
        likelihoods = np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits))) - y * logits
        return (penalty * w**2).sum(axis=0) / 2 + c * likelihoods.sum(axis=0)

    before, length = loss(w, logits), np.ones(w.shape[1], w.dtype)
    for _ in range(20):
        worse = loss(w - length * step, logits - length * rise) > before * (1 + 1e-6)
        if not worse.any():
            break
        length = np.where(worse, length / 2, length)
    return w - length * step, logits - length * rise


def main() -> None:
    """Compare with scikit-learn at 10 % of BlogCatalog, on the vectors of a truncated eigenproblem."""
    from scipy.sparse.linalg import eigsh
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.multiclass import OneVsRestClassifier

    graph = load_blogcatalog()
    if graph is None:
        raise SystemExit("GRAPHRANK_DATA/blogcatalog.mat is missing")
    x = standardised(eigsh(graph.adjacency, k=64, v0=np.ones(len(graph.labels)))[1])
    order = np.random.default_rng(0).permutation(len(x))
    train, test = np.split(order, [len(x) // 10])
    theirs = OneVsRestClassifier(LogisticRegression(C=C, tol=1e-8, max_iter=10_000))
    expected = theirs.fit(x[train], graph.labels[train]).predict_proba(x[test])
    logits = fit_one_vs_rest(x[train], graph.labels[train], tol=1e-6)(x[test])
    truth = graph.labels[test]
    for name, certainty, even in (("scikit-learn", expected, 0.5), ("batched", logits, 0.0)):
        known, above = known_count(certainty, truth), certainty > even
        for predicted in (known, above):
            judged = [
                100 * f1_score(truth, predicted, average=a, zero_division=0) for a in ("micro", "macro")
            ]
            assert np.allclose(judged, f1(predicted, truth)), "F1 is not what scikit-learn computes"
        print(
            name,
            *(
                f"{kind} {micro:.3f}/{macro:.3f}"
                for kind, (micro, macro) in (
                    ("known count", f1(known, truth)),
                    ("threshold", f1(above, truth)),
                )
            ),
            sep=", ",
        )
    gap = np.abs(1 / (1 + np.exp(-logits)) - expected).max()
    print(f"largest difference of a probability: {gap:.1e}")
    assert gap < 1e-3, "the classifiers differ"


if __name__ == "__main__":
    main()
