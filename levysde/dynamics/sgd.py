"""Stochastic gradient descent as an SDE."""

from levysde._typing import FloatArray
from levysde.dynamics.base import Dynamics


def _sgd_update(
    j: int,
    x: float,
    m: float,
    v: float,
    g: float,
    dL: float,
    dt: float,
    t: float,
    p: FloatArray,
) -> tuple[float, float, float]:
    return x - g * dt + dL, m, v


def sgd() -> Dynamics:
    """SGD: dx = -grad F(x) dt + eps G dL.

    Euler-Maruyama: x <- x - grad F(x) dt + eps dt^(1/alpha) G Z, with Z a standard symmetric
    stable variate of the noise law. With dt = eta and eps = eta^((alpha - 1)/alpha) this is the
    recurrence x <- x - eta (grad F(x) - G Z), one SDE time unit being 1/eta iterations.

    Returns
    -------
    Dynamics

    References
    ----------
    P. Zhou, J. Feng, C. Ma, C. Xiong, S. Hoi, W. E, "Towards theoretically understanding why SGD
    generalizes better than Adam in deep learning", NeurIPS 2020, eq. 4. Their Sigma multiplies dL,
    so it acts as a scale matrix, although it is called a covariance.

    Examples
    --------
    >>> sgd().update(0, 1.0, 0.0, 0.0, 2.0, 0.5, 0.1, 0.0, sgd().p)[0]
    1.3
    """
    return Dynamics("sgd", _sgd_update)
