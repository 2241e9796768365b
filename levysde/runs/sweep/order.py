"""The order of the points of an axis that gives a useful picture early: coarse before fine."""


def coarse_to_fine(count: int) -> list[int]:
    """Indices of an axis: both ends, the middle, the middles of the halves, and so on.

    Parameters
    ----------
    count : int
        Length of the axis.

    Returns
    -------
    list of int

    Examples
    --------
    >>> coarse_to_fine(5)
    [0, 4, 2, 1, 3]
    """
    order = dict.fromkeys([0, count - 1])
    gaps = [(0, count - 1)]
    while gaps:
        finer = []
        for low, high in gaps:
            if high - low > 1:
                middle = (low + high) // 2
                order[middle] = None
                finer += [(low, middle), (middle, high)]
        gaps = finer
    return list(order)


def level(place: int) -> int:
    """How often an axis was halved before a place of its order.

    Parameters
    ----------
    place : int
        The place.

    Returns
    -------
    int

    Examples
    --------
    >>> [level(place) for place in range(5)]
    [0, 0, 1, 2, 2]
    """
    return 0 if place < 2 else (place - 1).bit_length()
