"""A seed of its own for every setting of a sweep."""

import hashlib
import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from levysde import checks
from levysde.basins import Basin
from levysde.domains import Domain
from levysde.dynamics import Dynamics
from levysde.noise import Noise
from levysde.potentials import Potential

__all__ = ["seed_of"]

_VERSION = b"levysde seed 1"


def seed_of(*settings: Any, seed: int = 0) -> int:
    """A seed that belongs to a setting: a 64-bit hash of its values.

    Runs with equal seeds have the same random numbers path by path, whatever else differs: right
    for a comparison of two settings (`compare`), wrong for many points of one curve, which are then
    all off by the same error. Different settings get different seeds, two of n settings the same
    one with probability n^2/2^65, and a setting has the same seed on every machine.

    Parameters
    ----------
    *settings
        Numbers, strings, None, parts, and lists, arrays or dictionaries of them. Equal numbers
        count as equal, 1 and 1.0 too. Parts count with their names and parameters; functions of the
        user count with their names alone, and not with what they compute.
    seed : int
        In [0, 2^64): another gives another series of seeds.

    Returns
    -------
    int
        In [0, 2^64).

    Raises
    ------
    ValueError
        If a value is NaN or of a kind that has no such hash.

    Examples
    --------
    >>> seed_of("sharp", 0.1), seed_of("sharp", 0.2)
    (10822165179192801305, 4703093581644859505)
    """
    seed = checks.seed_number(seed)
    digest = hashlib.sha256(_VERSION)
    for piece in _pieces((seed, settings)):
        digest.update(piece)
    return int.from_bytes(digest.digest()[:8], "little")


def _pieces(value: Any) -> Iterator[bytes]:
    """The bytes of a value: a letter for its kind, its length where it has one, its content."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool):
        yield b"n" if value is None else b"t" if value else b"f"
    elif isinstance(value, int | float):
        yield _number(value)
    elif isinstance(value, str):
        text = value.encode()
        yield b"s%d:" % len(text) + text
    elif isinstance(value, list | tuple):
        yield b"l%d:" % len(value)
        for item in value:
            yield from _pieces(item)
    elif isinstance(value, Mapping):
        yield b"m%d:" % len(value)
        for name in sorted(value, key=str):
            yield from _pieces((str(name), value[name]))
    else:
        yield b"p"
        yield from _pieces(_record(value))


def _number(value: float) -> bytes:
    """The same for all spellings of a number: a double where it is one."""
    if isinstance(value, int):
        if abs(value) >= 2**1023 or int(float(value)) != value:
            text = str(value).encode()
            return b"i%d:" % len(text) + text
    elif math.isnan(value):
        raise ValueError("a setting is NaN, which equals nothing; give a number")
    return b"d" + struct.pack("<d", value + 0.0)  # -0 is 0


def _record(part: Any) -> tuple[Any, ...]:
    """What a part is made of."""
    if isinstance(part, Basin):
        return ("basin", part.name, part.potential, part.domain, part.center, part.start)
    if isinstance(part, Potential | Domain):
        kind = "potential" if isinstance(part, Potential) else "domain"
        return (kind, part.name, part.dim, part.params)
    if isinstance(part, Dynamics):
        own = ("dynamics", part.name, part.params, part.options)
        walls = part.walls
        return own if walls is None else (*own, walls.rule, walls.lower, walls.upper)
    if isinstance(part, Noise):
        return ("noise", part.name, part.params)
    raise ValueError(
        f"a setting is {part!r:.80}; give numbers, strings, parts, or lists or dictionaries of them"
    )
