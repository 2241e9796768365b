"""The noise of minibatches, drawn from the gradients of single examples."""

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.gradients.single_examples import Gradients

__all__ = ["noise_samples"]

_ROOM = 1 << 22
"""Numbers that are gathered at once."""


def noise_samples(
    gradients: Gradients | npt.ArrayLike,
    batch: int,
    draws: int,
    seed: int = 0,
    replacement: bool = True,
) -> FloatArray:
    """The noise of minibatches, (1/b) sum_{i in B} grad f_i - (1/n) sum_i grad f_i.

    The batches are those of `levysde.noise.minibatch` in the first steps of paths 0, 1, ...: a
    longer sample begins with the shorter one.

    Parameters
    ----------
    gradients : Gradients or array, shape (examples, coordinates)
        The gradients of all examples.
    batch : int
        b, examples in a batch.
    draws : int
        Number of batches.
    seed : int
        In [0, 2^64).
    replacement : bool
        Whether one example can be in a batch more than once.

    Returns
    -------
    ndarray, shape (draws, coordinates)

    Raises
    ------
    ValueError
        If a number is out of range, or the gradients are not finite.

    References
    ----------
    U. Simsekli, L. Sagun, M. Gurbuzbalaban, "A tail-index analysis of stochastic gradient noise in
    deep neural networks", ICML 2019, eq. 3.

    Examples
    --------
    >>> noise_samples([[1.0], [2.0], [6.0]], batch=3, draws=2, replacement=False).tolist()
    [[0.0], [0.0]]
    """
    rows = gradients if isinstance(gradients, Gradients) else Gradients(np.asarray(gradients))
    batch = checks.whole_number("batch", batch, 1)
    draws = checks.whole_number("draws", draws, 1)
    seed = checks.seed_number(seed)
    checks.flag("replacement", replacement)
    if not replacement and batch > rows.examples:
        raise ValueError(
            f"batch is {batch} without replacement, of {rows.examples} examples; give at most "
            f"{rows.examples}, or replacement=True"
        )
    samples, mean = np.empty((draws, rows.values.shape[1])), rows.mean
    step = max(1, _ROOM // (batch * len(mean)))
    for first in range(0, draws, step):
        last = min(first + step, draws)
        chosen = _batches(rows.examples, batch, first, last, seed, replacement)
        samples[first:last] = rows.values[chosen].mean(axis=1) - mean
    return samples


def _batches(
    examples: int, batch: int, first: int, last: int, seed: int, replacement: bool
) -> npt.NDArray[np.int64]:
    """The examples of the first step of paths first, ..., last - 1, shape (paths, batch)."""
    from levysde.engine.path.batch_step import drawn_word, index_below

    path, zero = np.arange(first, last, dtype=np.uint64), np.uint64(0)
    chosen = np.empty((last - first, batch), np.int64)
    if not replacement and batch == examples:
        chosen[:] = np.arange(batch)
        return chosen
    with np.errstate(over="ignore"):  # of the integers
        for k in range(batch):
            end = examples - 1 if replacement else examples - batch + k
            word = drawn_word(np.uint64(seed), path, zero, k)  # type: ignore[arg-type]
            found = np.asarray(index_below(word, np.uint64(end + 1)))
            if not replacement:
                found = np.where((chosen[:, :k] == found[:, None]).any(axis=1), end, found)
            chosen[:, k] = found
    return chosen
