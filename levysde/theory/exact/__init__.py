"""Exact values: constants, stable laws, driftless exits, mean exit times and corrections."""
