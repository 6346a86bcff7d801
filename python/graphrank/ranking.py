"""Decentralised ranking: what peers click, and what I would click going by them; and one ranking out of many.

:class:`Peer` exchanges signed clicks with other peers, without a server; :class:`PeerNetwork` does the same over
simulated links. A :class:`Key` says who a peer is.

:func:`aggregate` makes one ranking of many, by any of a dozen rules; :func:`kemeny` the one that disagrees with them
least, with a proof or a bound. :func:`correlation` says how alike two rankings are.
"""

from __future__ import annotations

from graphrank._aggregate import aggregate, kemeny
from graphrank._correlation import correlation
from graphrank._kemeny_ranking import KemenyRanking
from graphrank._peer import Peer
from graphrank._peer_key import Key
from graphrank._peer_member import default_limits
from graphrank._peer_network import PeerNetwork, SimulatedPeer

__all__ = [
    "KemenyRanking",
    "Key",
    "Peer",
    "PeerNetwork",
    "SimulatedPeer",
    "aggregate",
    "correlation",
    "default_limits",
    "kemeny",
]
