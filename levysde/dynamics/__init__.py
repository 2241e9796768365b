"""Dynamics: how one coordinate moves in one step, given its gradient and its noise."""

from levysde.dynamics.base import Dynamics
from levysde.dynamics.sgd import sgd

__all__ = ["DYNAMICS", "Dynamics", "sgd"]

DYNAMICS = {"sgd": sgd}
"""The dynamics that can be named on the command line."""
