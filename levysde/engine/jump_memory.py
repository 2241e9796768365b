"""Parts for states (x, w): an average w of the gradient moves x, and the noise enters x alone."""

from levysde._typing import PlainFunction


def preconditioned(gradient: PlainFunction, dim: int, count: int) -> PlainFunction:
    """The slope grad F/Q of dx = -grad F/Q dt, Q after the parameters of the gradient.

    Parameters
    ----------
    gradient : callable
        `gradient(x, p, out)`.
    dim : int
        Dimension of x.
    count : int
        Number of its parameters.

    Returns
    -------
    callable
        `slope(x, p, out)`.

    Examples
    --------
    >>> import numpy as np
    >>> slope = preconditioned(lambda x, p, out: out.fill(p[0]), 1, 1)
    >>> out = np.zeros(1)
    >>> slope(out, np.array([6.0, 2.0]), out)
    >>> out.tolist()
    [3.0]
    """

    def slope(x, p, out):  # type: ignore[no-untyped-def]
        gradient(x, p[:count], out)
        for j in range(dim):
            out[j] /= p[count + j]

    return slope


def averaged(gradient: PlainFunction, dim: int, count: int) -> PlainFunction:
    """The slope of dx = -u w dt, dw = beta (grad F(x)/(Q u) - w) dt; p: the gradient's, beta, u, Q.

    With w = m/(Q u), a length, this is dx = -m/Q dt, dm = beta (grad F(x) - m) dt.

    Parameters
    ----------
    gradient : callable
        `gradient(x, p, out)`.
    dim : int
        Dimension of x.
    count : int
        Number of its parameters.

    Returns
    -------
    callable
        `slope(state, p, out)`, the state being x followed by w.

    Examples
    --------
    >>> import numpy as np
    >>> def linear(x, p, out):
    ...     out[0] = x[0]
    >>> slope, out = averaged(linear, 1, 0), np.zeros(2)
    >>> slope(np.array([8.0, 0.75]), np.array([10.0, 2.0, 4.0]), out)
    >>> out.tolist()
    [1.5, -2.5]
    """

    def slope(state, p, out):  # type: ignore[no-untyped-def]
        gradient(state[:dim], p[:count], out[dim:])
        rate, unit = p[count], p[count + 1]
        for j in range(dim):
            out[j] = unit * state[dim + j]
            out[dim + j] = rate * (state[dim + j] - out[dim + j] / (unit * p[count + 2 + j]))

    return slope


def outside_of(outside: PlainFunction, dim: int) -> PlainFunction:
    """The predicate of the position.

    Parameters
    ----------
    outside : callable
        `outside(x, p)`.
    dim : int
        Dimension of x.

    Returns
    -------
    callable
        `outside(state, p)`.

    Examples
    --------
    >>> outside_of(lambda x, p: x[0] > 1.0, 1)([2.0, 0.0], [])
    True
    """
    return lambda state, p: outside(state[:dim], p)


def margin_of(margin: PlainFunction | None, dim: int) -> PlainFunction | None:
    """The margin of the position, if there is one.

    Parameters
    ----------
    margin : callable or None
        `margin(x, p, covariance, reach)`.
    dim : int
        Dimension of x.

    Returns
    -------
    callable or None
        `margin(state, p, covariance, reach)`.

    Examples
    --------
    >>> margin_of(None, 1) is None
    True
    """
    if margin is None:
        return None
    return lambda state, p, covariance, reach: margin(state[:dim], p, covariance[:dim, :dim], reach)


def jump_of(jump: PlainFunction, dim: int) -> PlainFunction:
    """The jump of the position.

    Parameters
    ----------
    jump : callable
        `jump(x, t, u, seed, path, step, p, work)`.
    dim : int
        Dimension of x.

    Returns
    -------
    callable
        `jump(state, t, u, seed, path, step, p, work)`.

    Examples
    --------
    >>> import numpy as np
    >>> state = np.zeros(2)
    >>> fill = lambda x, t, u, seed, path, step, p, work: x.fill(u)
    >>> jump_of(fill, 1)(state, 0.0, 0.5, 0, 0, 0, None, np.zeros((3, 2)))
    >>> state.tolist()
    [0.5, 0.0]
    """
    return lambda state, t, u, seed, path, step, p, work: jump(
        state[:dim], t, u, seed, path, step, p, work[:, :dim]
    )
