"""Whether samples of gradient noise are stable, and with which index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from levysde.statistics.aggregation import aggregated
from levysde.statistics.coordinate_table import COLUMNS, fit_coordinates
from levysde.statistics.draw_dependence import coordinate_dependence, serial_dependence
from levysde.statistics.gaussian_null import gaussian_null, pooled_blocks, pooled_tail
from levysde.statistics.goodness import goodness
from levysde.statistics.sample_array import checked_level, checked_whole, shaped_samples
from levysde.statistics.tail_result import GroupTail, TailIndex
from levysde.statistics.verdict import decide

__all__ = ["tail_index"]

FloatArray = NDArray[np.float64]

_FEWEST = 100
_EXAMINED = 64


def tail_index(
    samples: ArrayLike,
    groups: Sequence[str] | None = None,
    *,
    level: float = 0.95,
    max_block: int | None = None,
    examined: int = _EXAMINED,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> TailIndex:
    """Ask of every coordinate whether it is stable, with which index, and decide by aggregation.

    A stable law has ``E exp(iuX) = exp(-|cu|^alpha)`` about its median: sums of ``m`` draws have
    the same ``alpha`` and the scale ``c m^(1/alpha)``. Every coordinate gets an index, an interval
    and a scale by `characteristic_fit`. On some coordinates, spread evenly, stable laws are tested
    against Gaussian and Student-t ones, and against themselves under aggregation, all of these
    coordinates together. Stable laws are supported only if Student-t laws and mixtures of two
    Gaussians are refused, each in a test of its own. The tests allow any dependence of the
    coordinates of one draw, and ask for independent draws. One coordinate of 2000 draws is enough:
    about one sample of 20 or less of Student-t laws with 3 or 5 degrees of freedom, or of a mixture
    of which half a percent to a tenth is three to ten times as large, is called stable, and about
    19 of 20 symmetric stable ones of index 1.2 to 1.8 are. Above 1.8, with fewer draws, or with an
    index below 0.8, the answer is more often, or always, that it is undecided: 2000 draws often do
    not tell a stable law of index 1.9 from a mixture with few large draws.

    Parameters
    ----------
    samples : array_like, shape (draws, coordinates)
        At least 100 draws of noise at one point, such as mini-batch gradients less their mean. A
        memory map is read piece by piece.
    groups : sequence of str, optional
        A name for each coordinate, such as that of its layer, by which indices are summed up.
    level : float, default 0.95
        Confidence level of the intervals, between 0 and 1.
    max_block : int, optional
        Most draws in a sum; by default as many as leave 100 sums.
    examined : int, default 64
        Most coordinates that are tested for the verdict.
    threads : int, optional
        Threads; one for each processor unless given.
    progress : callable, optional
        Called with the coordinates done and all of them.

    Returns
    -------
    TailIndex
        Indices, tests and the verdict in words.

    Raises
    ------
    ValueError
        If the samples are no such array, no coordinate can be fitted, or another value is bad.

    References
    ----------
    I. A. Koutrouvelis, J. Am. Stat. Assoc. 75 (1980) 918; D. R. Cox, J. R. Stat. Soc. B 24 (1962)
    406; U. Simsekli, L. Sagun and M. Gurbuzbalaban, ICML (2019), whose estimate is beside it.

    Examples
    --------
    >>> import numpy as np
    >>> import levysde as ls
    >>> rng = np.random.default_rng(1)
    >>> ls.tail_index(rng.standard_normal((2000, 10)) * np.geomspace(1e-3, 1.0, 10)).law
    'gaussian'
    >>> ls.tail_index(rng.standard_cauchy((2000, 10))).supported
    True
    >>> ls.tail_index(rng.standard_t(3, (2000, 10))).supported
    False
    """
    array = shaped_samples(samples, _FEWEST)
    checked_level(level)
    draws, width = array.shape
    if max_block is not None and draws // checked_whole("max_block", max_block, 1) < _FEWEST:
        raise ValueError(
            f"max_block is {max_block} and there are {draws} draws; give at most {draws // _FEWEST}"
        )
    checked_whole("examined", examined, 1)
    if progress is not None and not callable(progress):
        raise ValueError(f"progress is {progress!r}; give a function of two numbers")
    if threads is not None:
        checked_whole("threads", threads, 1)
    names = _names(groups, width)
    table = fit_coordinates(array, level, threads, progress)
    fitted = np.flatnonzero(~(table.constant | table.atomic))
    if fitted.size == 0:
        raise ValueError(
            f"none of the {width} coordinates can be fitted: {int(table.constant.sum())} are "
            f"constant in half of the draws or more, and {int(table.atomic.sum())} repeat values; "
            "give draws that differ"
        )
    places = np.linspace(0, fitted.size - 1, min(examined, fitted.size)).astype(np.intp)
    chosen = fitted[np.unique(places)]
    # Memory maps are read by rows of draws: each chosen column on its own.
    few = np.stack([np.asarray(array[:, j], dtype=np.float64) for j in chosen], axis=1)
    centered = few - table.columns[8, chosen]
    standard = centered / table.columns[4, chosen]
    sums = aggregated(standard, max_block)
    tests = goodness(standard)
    serial = serial_dependence(standard)
    dependence = coordinate_dependence(standard)
    fits = dict(zip(COLUMNS, table.columns[:, chosen], strict=True))
    decision = decide(tests, sums, serial, dependence, fits)
    return TailIndex(
        **dict(zip(COLUMNS, table.columns, strict=True)),
        constant=table.constant,
        atomic=table.atomic,
        groups=_groups(names, table.columns),
        draws=draws,
        level=level,
        examined=chosen,
        aggregation=sums,
        goodness=tests,
        serial=serial,
        dependence=dependence,
        tail=pooled_tail(standard),
        block_estimate=pooled_blocks(centered),
        null=gaussian_null(table.columns[4, chosen], draws),
        supported=decision.supported,
        law=decision.law,
        verdict=decision.sentence,
    )


def _names(groups: Sequence[str] | None, width: int) -> list[str] | None:
    if groups is None:
        return None
    if isinstance(groups, str) or not isinstance(groups, Iterable):
        raise ValueError(f"groups is {groups!r}; give a name for each of the {width} coordinates")
    names = list(groups)
    if len(names) != width or not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"groups has {len(names)} entries; give a name in quotes for each of the {width} "
            "coordinates"
        )
    return names


def _groups(names: list[str] | None, columns: FloatArray) -> tuple[GroupTail, ...]:
    if names is None:
        return ()
    labels, first, inverse = np.unique(names, return_index=True, return_inverse=True)
    found = []
    for number in np.argsort(first):
        alpha, upper = columns[0, inverse == number], columns[3, inverse == number]
        good = np.isfinite(alpha)
        quartiles = np.quantile(alpha[good], [0.25, 0.5, 0.75]) if good.any() else [np.nan] * 3
        found.append(
            GroupTail(
                name=str(labels[number]),
                coordinates=int(alpha.size),
                fitted=int(good.sum()),
                alpha=float(quartiles[1]),
                quartiles=(float(quartiles[0]), float(quartiles[2])),
                gaussian_share=float((upper[good] >= 2.0).mean()) if good.any() else np.nan,
            )
        )
    return tuple(found)
