"""What a search for a clique tells while it goes on."""

from __future__ import annotations

import re

import numpy as np

import graphrank as gr


def test_progress_tells_what_is_found_and_what_is_possible():
    rng = np.random.default_rng(0)
    a, b = np.triu_indices(300, 1)
    some = rng.random(len(a)) < 0.9
    told = []
    found = gr.max_clique(
        gr.Graph.from_edges((a[some], b[some]), directed=False),
        progress=lambda done, total, label: told.append((done, total, label)),
        timeout_s=0.4,
    )
    assert found.status == "time_limit"
    labels = [re.fullmatch(r"searching cliques: (\d+) found, at most (\d+)", label) for _, _, label in told]
    best, bound = np.array([[int(x) for x in label.groups()] for label in labels if label]).T
    assert len(best) >= 3
    assert (np.diff(best) >= 0).all()
    assert (np.diff(bound) <= 0).all()
    assert (best[-1], bound[-1]) == (found.size, found.upper_bound)
    assert told[-1][1] == found.stats["n_roots"]
