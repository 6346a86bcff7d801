"""How much hypothesis tries: a little on every run, ``HYPOTHESIS_PROFILE=nightly`` for the long search."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

import graphrank as gr

_SLOW_START = [HealthCheck.too_slow]

settings.register_profile("quick", max_examples=60, deadline=None, suppress_health_check=_SLOW_START)
settings.register_profile("nightly", max_examples=2_000, deadline=None, suppress_health_check=_SLOW_START)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture
def chosen_threads():
    """``graphrank.set_num_threads``, undone after the test."""
    yield gr.set_num_threads
    gr.set_num_threads(None)
