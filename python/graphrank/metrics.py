"""How good rankings are, as judged by people.

*Judgements* (qrels) say how relevant items are for queries; a *run* ranks items for them. :func:`evaluate` measures a
run, :func:`compare` tells whether one is better than another; the rest reads and writes the formats of TREC and of
SVMlight.
"""

from __future__ import annotations

from graphrank._compare import compare
from graphrank._evaluate import evaluate
from graphrank._svmlight_files import read_svmlight, write_svmlight
from graphrank._trec_files import read_qrels, read_run, write_qrels, write_run

__all__ = [
    "compare",
    "evaluate",
    "read_qrels",
    "read_run",
    "read_svmlight",
    "write_qrels",
    "write_run",
    "write_svmlight",
]
