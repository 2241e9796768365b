"""Sweeps: a grid of settings, computed in chunks of paths that survive anything."""
