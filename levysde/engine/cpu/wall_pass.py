"""Blocks whose coordinates are brought back between walls after they moved."""

from levysde._typing import PlainFunction


def walled_pass(back: PlainFunction | None, advance: PlainFunction, wide: bool) -> PlainFunction:
    """The pass of an update, and after it every coordinate between its walls.

    Parameters
    ----------
    back : callable or None
        `back(x, lower, upper) -> x`, one coordinate, prepared for the compiler.
    advance : callable
        `advance(x, m, v, g, dL, dt, seed, path, step, p, count)`.
    wide : bool
        The layout of a block.

    Returns
    -------
    callable
        With the same arguments; p as `levysde.engine.path.walled_step.walled_parameters` makes it.
    """
    if back is None:
        return advance

    def walled(x, m, v, g, dL, dt, seed, path, step, p, count):  # type: ignore[no-untyped-def]
        dim = x.shape[1] if wide else x.shape[0]
        advance(x, m, v, g, dL, dt, seed, path, step, p[2 * dim :], count)
        for outer in range(count if wide else dim):
            for inner in range(dim if wide else count):
                j = inner if wide else outer
                x[outer, inner] = back(x[outer, inner], p[j], p[dim + j])

    return walled
