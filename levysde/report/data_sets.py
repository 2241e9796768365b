"""Data sets of scikit-learn, which an installation need not have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MissingPackageError", "breast_cancer", "digits"]

FloatArray = NDArray[np.float64]

INSTALL = "scikit-learn is not installed; pip install 'levysde[experiments]'"


class MissingPackageError(ImportError):
    """A package that an experiment needs is not installed."""


def digits() -> tuple[FloatArray, NDArray[np.int64]]:
    """Images of 1797 written digits.

    Returns
    -------
    images : ndarray, shape (1797, 64)
        Gray levels from 0 to 1, dimensionless.
    digit : ndarray of int, shape (1797,)
        0 to 9.

    Raises
    ------
    MissingPackageError
        If scikit-learn is not installed.

    References
    ----------
    E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning
    Repository (1998).

    Examples
    --------
    >>> import pytest
    >>> sklearn = pytest.importorskip("sklearn")
    >>> images, digit = digits()
    >>> images.shape, float(images.max()), digit[:3].tolist()
    ((1797, 64), 1.0, [0, 1, 2])
    """
    images, digit = _sets().load_digits(return_X_y=True)
    return images / 16.0, digit.astype(np.int64)


def breast_cancer() -> tuple[FloatArray, NDArray[np.int64]]:
    """Thirty measurements of 569 tumors, standardized.

    Returns
    -------
    measurements : ndarray, shape (569, 30)
        Of mean 0 and variance 1 in every column, dimensionless.
    benign : ndarray of int, shape (569,)
        0 or 1.

    Raises
    ------
    MissingPackageError
        If scikit-learn is not installed.

    References
    ----------
    W. N. Street, W. H. Wolberg and O. L. Mangasarian, "Nuclear feature extraction for breast tumor
    diagnosis", Proc. SPIE 1905 (1993) 861.

    Examples
    --------
    >>> import pytest
    >>> sklearn = pytest.importorskip("sklearn")
    >>> measurements, benign = breast_cancer()
    >>> measurements.shape, int(benign.sum()), float(abs(measurements.mean(axis=0)).max()) < 1e-9
    ((569, 30), 357, True)
    """
    values, benign = _sets().load_breast_cancer(return_X_y=True)
    return (values - values.mean(axis=0)) / values.std(axis=0), benign.astype(np.int64)


def _sets() -> Any:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise MissingPackageError(INSTALL) from error
    return datasets
