"""Drawing from a law without a simulation."""

from levysde import checks
from levysde._typing import FloatArray
from levysde.engine.random.philox import MAX_PATHS
from levysde.noise.law import Noise


def sample(
    noise: Noise,
    size: int,
    seed: int = 0,
    epsilon: float = 1.0,
    dt: float = 1.0,
    dim: int | None = None,
) -> FloatArray:
    """Independent increments over a step dt: the first step of paths 0 to size - 1.

    Parameters
    ----------
    noise : Noise
        The law.
    size : int
        Number of increments.
    seed : int
        In [0, 2^64).
    epsilon : float
        Noise amplitude, dimensionless.
    dt : float
        Step, time.
    dim : int, optional
        Dimension, for a law that serves every dimension; 1 unless given.

    Returns
    -------
    ndarray, shape (size, dim)
        Increments, length.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> import levysde as ls
    >>> sample(ls.noise.independent(1.5), size=3, seed=1).shape
    (3, 1)
    """
    from levysde.engine.cpu.pointwise import increments

    checks.instance("noise", noise, Noise)
    if noise.scale_part is not None:
        raise ValueError(
            "the increments of scaled noise depend on the state; sample noise.at(x, t), the law "
            "there"
        )
    if noise.batch_record:
        raise ValueError(
            "the increments of minibatch noise depend on the state; draw them by "
            "potential.batch_gradients(x, batch, draws)"
        )
    size = checks.whole_number("size", size, 1, MAX_PATHS)
    seed = checks.seed_number(seed)
    dim = checks.dimension(dim if dim is not None else noise.dim or 1)
    epsilon, dt = checks.finite_number("epsilon", epsilon), checks.finite_number("dt", dt)
    return increments(noise.part(dim, epsilon, dt), dim, size, seed)
