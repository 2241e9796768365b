"""Paths that move between several wells: visits, transitions and shares of time."""
