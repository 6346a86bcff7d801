"""What peers of a simulated network search: catalogues of tagged items, and what items are worth to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphrank._edge_table import as_frame, check_id_dtype, checked_weights, pick
from graphrank._validate import number_between, positive_int, seed_number
from graphrank.exceptions import InvalidArgumentError, InvalidDataError, InvalidTypeError

__all__ = [
    "RawCatalogue",
    "catalogue_pairs",
    "music_catalogue",
    "planted_tastes",
    "raw_catalogue",
    "taste_arrays",
]

_TAGS = [
    "acoustic",
    "alternative",
    "ambient",
    "blues",
    "chill",
    "classical",
    "country",
    "dance",
    "disco",
    "dream_pop",
    "drum_n_bass",
    "dubstep",
    "electronic",
    "experimental",
    "folk",
    "funk",
    "garage",
    "gospel",
    "grime",
    "hardcore",
    "hip_hop",
    "house",
    "idm",
    "indie",
    "jazz",
    "metal",
    "noise",
    "opera",
    "pop",
    "post_punk",
    "post_rock",
    "punk",
    "reggae",
    "rock",
    "shoegaze",
    "soul",
    "swing",
    "techno",
    "trip_hop",
]

_STRENGTH = 2.0
"""How far likings set items apart."""


@dataclass(frozen=True)
class RawCatalogue:
    """Queries and their items as the core takes them."""

    offsets: NDArray[np.uint32]
    items: NDArray[np.uint32]
    query_bytes: NDArray[np.uint32]
    item_bytes: NDArray[np.uint32]


def music_catalogue(n_items: int = 253, *, seed: int = 0) -> pl.DataFrame:
    """Made-up releases with three of 39 tags each, as many and as alike as those of the thesis.

    Parameters
    ----------
    n_items
        How many releases.
    seed
        Of their tags.

    Returns
    -------
    polars.DataFrame
        ``item`` and ``tags``, a list of texts.

    Examples
    --------
    >>> import graphrank as gr
    >>> catalogue = gr.ranking.music_catalogue()
    >>> catalogue.height, catalogue["tags"].explode().n_unique()
    (253, 39)
    """
    n = positive_int("n_items", n_items)
    rng = np.random.default_rng(seed_number("seed", seed))
    weights = rng.uniform(0.8, 1.2, len(_TAGS))
    # The first of the sums of logarithms and noise of Gumbel: a draw without repeats in proportion to the weights.
    order = np.argsort(-(np.log(weights) + rng.gumbel(size=(n, len(_TAGS)))), axis=1)[:, :3]
    width = len(str(n - 1))
    tags = [[_TAGS[tag] for tag in row] for row in order]
    return pl.DataFrame({"item": [f"release {i:0{width}}" for i in range(n)], "tags": tags})


def planted_tastes(
    n_peers: int = 100,
    *,
    n_clusters: int = 4,
    n_queries: int = 39,
    n_items: int = 20,
    share: float = 0.7,
    seed: int = 0,
) -> pl.DataFrame:
    """What items are worth to peers of some clusters: some part of it shared by all, the rest by the cluster.

    Parameters
    ----------
    n_peers, n_clusters, n_queries, n_items
        How many; ``n_items`` of each query. Peer p is in cluster p modulo ``n_clusters``.
    share
        The weight of the cluster, in [0, 1].
    seed
        Of which items are worth what.

    Returns
    -------
    polars.DataFrame
        ``peer``, ``query``, ``item`` and ``worth``: of each query they add up to 1, in proportion to exp(2 u), where
        u is the weighted mean of how much the cluster and how much all like the item, both standard normal.

    Examples
    --------
    >>> import graphrank as gr
    >>> gr.ranking.planted_tastes(8, n_queries=2, n_items=5).height
    80
    """
    part = number_between(0, 1, "share", share)
    peers, clusters, queries, items = (
        positive_int(name, n)
        for name, n in (
            ("n_peers", n_peers),
            ("n_clusters", n_clusters),
            ("n_queries", n_queries),
            ("n_items", n_items),
        )
    )
    rng = np.random.default_rng(seed_number("seed", seed))
    liking = rng.normal(size=(clusters + 1, queries, items))
    mixed = np.exp(_STRENGTH * (part * liking[:-1] + (1 - part) * liking[-1]))
    mixed /= mixed.sum(axis=2, keepdims=True)
    shape = (peers, queries, items)
    peer, query, item = (axis.ravel() for axis in np.indices(shape))
    width = len(str(queries - 1))
    names = pl.Series([f"query {q:0{width}}" for q in range(queries)])
    return pl.DataFrame(
        {
            "peer": peer,
            "query": names.gather(pl.Series(query)),
            "item": query * items + item,
            "worth": mixed[np.arange(peers) % clusters].ravel(),
        }
    )


def catalogue_pairs(catalogue: Any, matching: str) -> pl.DataFrame:
    """The (query, item) pairs of a catalogue: given as such, or as items with tags, which are the queries."""
    frame = as_frame(catalogue, "catalogue")
    frame = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    if "query" in frame.columns:
        return _checked(pl.DataFrame(pick(frame, ["query", "item"])))
    items, tags = pick(frame, ["item", "tags"])
    if tags.dtype != pl.List(pl.String):
        raise InvalidTypeError(f"column 'tags' is {tags.dtype}; tags are lists of strings")
    tagged = pl.DataFrame([items, tags]).explode("tags").drop_nulls("tags")
    queries = pl.DataFrame({"query": tagged["tags"].unique().sort()})
    if matching == "exact":
        return _checked(tagged.select(pl.col("tags").alias("query"), "item"))
    found = queries.join(tagged, how="cross").filter(
        pl.col("tags").str.contains(pl.col("query"), literal=True)
    )
    return _checked(found.select("query", "item"))


def raw_catalogue(pairs: pl.DataFrame) -> RawCatalogue:
    """Queries and items as numbers, in their order."""
    pairs = pairs.sort("query", "item")
    queries = pairs["query"].unique().sort()
    items = pairs["item"].unique().sort()
    counts = pairs.group_by("query").len().sort("query")["len"].to_numpy()
    codes = pairs.join(
        pl.DataFrame({"item": items}).with_row_index("code"), on="item", maintain_order="left"
    )["code"]
    return RawCatalogue(
        np.concatenate(([0], np.cumsum(counts))).astype(np.uint32),
        codes.cast(pl.UInt32).to_numpy(),
        queries.str.len_bytes().cast(pl.UInt32).to_numpy(),
        _sizes(items).cast(pl.UInt32).to_numpy(),
    )


def _sizes(ids: pl.Series) -> pl.Series:
    """Bytes of each id as a text, or as the bytes that it is."""
    if ids.dtype == pl.Binary:
        return ids.bin.size()
    ids = ids.to_physical() if isinstance(ids.dtype, pl.Duration) else ids
    return ids.cast(pl.String).str.len_bytes()


def taste_arrays(tastes: Any) -> tuple[pl.DataFrame, int, NDArray[np.float64]]:
    """The pairs of a table of tastes, the number of its peers, and the worth by peer, query and item."""
    peers, queries, items, worth = pick(as_frame(tastes, "tastes"), ["peer", "query", "item", "worth"])
    none = np.flatnonzero(checked_weights(worth, "worth") == 0)
    if none.size:
        raise InvalidArgumentError(
            f"`tastes`: 'worth' is 0 in row {none[0]}; what an item is worth is above 0"
        )
    for column in (peers, queries, items):
        if column.null_count():
            row = column.is_null().arg_true()[0]
            raise InvalidDataError(f"`tastes`: column {column.name!r} is null in row {row}")
    table = pl.DataFrame([peers, queries, items, worth.cast(pl.Float64)]).sort("peer", "query", "item")
    pairs = _checked(table.select("query", "item"))
    n_peers = table["peer"].n_unique()
    if n_peers < 2:
        raise InvalidArgumentError(f"`tastes` must be of at least 2 peers, got {n_peers}")
    is_repeated = table.select("peer", "query", "item").is_duplicated().any()
    if is_repeated or table.height != n_peers * pairs.height:
        raise InvalidArgumentError(
            "`tastes` must say once for every peer what each item of each query is worth"
        )
    return pairs, n_peers, table["worth"].to_numpy()


def _checked(pairs: pl.DataFrame) -> pl.DataFrame:
    for column in pairs:
        if column.null_count():
            row = column.is_null().arg_true()[0]
            raise InvalidDataError(f"column {column.name!r} is null in row {row}")
    check_id_dtype(pairs["item"])
    if not isinstance(pairs["query"].dtype, (pl.String, pl.Categorical, pl.Enum)):
        raise InvalidTypeError(f"column 'query' is {pairs['query'].dtype}; queries are strings")
    if not pairs.height:
        raise InvalidArgumentError("`catalogue` has no items")
    return pairs.with_columns(pl.col("query").cast(pl.String)).unique()
