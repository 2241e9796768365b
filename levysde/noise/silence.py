"""No noise at all, as a law."""

from levysde._typing import FloatArray
from levysde.noise.drawn import Drawn

__all__ = ["none", "nothing"]


def nothing(u1: float, u2: float, p: FloatArray) -> float:
    """0, whatever the uniforms are.

    Parameters
    ----------
    u1, u2 : float
        Uniforms, which are not read.
    p : ndarray
        Parameters, of which there are none.

    Returns
    -------
    float

    Examples
    --------
    >>> nothing(0.3, 0.7, None)
    0.0
    """
    return 0.0


def none() -> Drawn:
    """Increments dL = 0 exactly: the noise-free optimizer, whatever epsilon is.

    Returns
    -------
    Drawn

    Examples
    --------
    >>> from levysde import noise
    >>> noise.sample(noise.none(), size=3).ravel().tolist()
    [0.0, 0.0, 0.0]
    """
    return Drawn(nothing, alpha=2.0, name="none")
