"""Estimators from numbers alone: numpy and scipy, and nothing else of the package."""
