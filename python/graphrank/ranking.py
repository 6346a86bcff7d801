"""Decentralised ranking: what peers click, and what I would click going by them; and one ranking out of many.

Every peer keeps the clicks that it made and those it heard of from others; there is no server and no training.
:class:`ClickStore` is the view of one peer and ranks items for its queries. :class:`Network` simulates peers that
gossip, and those that attack them.

:class:`Peer` exchanges signed clicks with other peers, without a server; :class:`PeerNetwork` does the same over
simulated links. A :class:`Key` says who a peer is.

:func:`aggregate` makes one ranking of many, by any of a dozen rules; :func:`kemeny` the one that disagrees with them
least, with a proof or a bound. :func:`correlation` says how alike two rankings are.
"""

from __future__ import annotations

from graphrank._aggregate import aggregate, kemeny
from graphrank._attacks import (
    Attack,
    ClicklogInflation,
    EpicSybil,
    Equivocation,
    Promotion,
    TargetedSybil,
)
from graphrank._click_store import ClickStore
from graphrank._correlation import correlation
from graphrank._kemeny_ranking import KemenyRanking
from graphrank._network import Network, SimulationResult
from graphrank._network_items import music_catalogue, planted_tastes
from graphrank._peer import Peer
from graphrank._peer_key import Key
from graphrank._peer_member import default_limits
from graphrank._peer_network import PeerNetwork, SimulatedPeer

__all__ = [
    "Attack",
    "ClickStore",
    "ClicklogInflation",
    "EpicSybil",
    "Equivocation",
    "KemenyRanking",
    "Key",
    "Network",
    "Peer",
    "PeerNetwork",
    "Promotion",
    "SimulatedPeer",
    "SimulationResult",
    "TargetedSybil",
    "aggregate",
    "correlation",
    "default_limits",
    "kemeny",
    "music_catalogue",
    "planted_tastes",
]
