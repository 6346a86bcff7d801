"""Decentralised ranking: what peers click, and what I would click going by them.

:class:`Peer` exchanges signed clicks with other peers, without a server; :class:`PeerNetwork` does the same over
simulated links. A :class:`Key` says who a peer is.
"""

from __future__ import annotations

from graphrank._peer import Peer
from graphrank._peer_key import Key
from graphrank._peer_member import default_limits
from graphrank._peer_network import PeerNetwork, SimulatedPeer

__all__ = ["Key", "Peer", "PeerNetwork", "SimulatedPeer", "default_limits"]
