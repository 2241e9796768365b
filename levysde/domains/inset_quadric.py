"""The domain of a quadric whose boundary is moved inward by a width that depends on the normal.

With y = x - c, the gauge s = sqrt(y'Ay) and the unit normal n = Ay/|Ay|, a point moved by delta
along -n changes s by -delta |Ay|/s. The width w is homogeneous, so that delta = w(n) = w(Ay)/|Ay|
turns s < 1 into s < 1 - w(Ay)/s, that is s (1 - s) > w(Ay).
"""

import functools
import math

import numpy as np
import numpy.typing as npt

from levysde._typing import FloatArray, Outside, PlainFunction
from levysde.domains.domain import Domain
from levysde.engine.random.elementary import exp2, log2


def _ball_square(x: FloatArray, p: FloatArray) -> float:
    n = len(x)
    square = 0.0
    for j in range(n):
        square += (x[j] - p[j]) * (x[j] - p[j])
    return float(square / (p[n] * p[n]))


def _ellipsoid_square(x: FloatArray, p: FloatArray) -> float:
    n = len(x)
    square = 0.0
    for k in range(n):
        row = 0.0
        for j in range(n):
            row += p[n + n * k + j] * (x[j] - p[j])
        square += row * (x[k] - p[k])
    return square


@functools.lru_cache(maxsize=256)
def _predicate(square: PlainFunction, at: int, drivers: int, axes: bool, power: bool) -> Outside:
    """`outside(x, p)`; from p[at] on 1/alpha, alpha, the largest w(Ay)/s, and the matrix of w."""

    def along_axis(x: FloatArray, p: FloatArray, k: int) -> float:
        return float(p[at + 3 + k] * (x[k] - p[k]))

    def along_row(x: FloatArray, p: FloatArray, k: int) -> float:
        n = len(x)
        total = 0.0
        for j in range(n):
            total += p[at + 3 + n * k + j] * (x[j] - p[j])
        return total

    project = along_axis if axes else along_row

    def euclidean(x: FloatArray, p: FloatArray) -> float:
        total = 0.0
        for k in range(drivers):
            value = project(x, p, k)
            total += value * value
        return math.sqrt(total)

    def of_powers(x: FloatArray, p: FloatArray) -> float:
        total = 0.0
        for k in range(drivers):
            # Where s < 1 the width is below 1. The bounds are those of log2 and exp2.
            value = min(max(abs(project(x, p, k)), 1e-100), 2.0)
            total += exp2(p[at + 1] * log2(value))
        return exp2(p[at] * log2(total))

    width = of_powers if power else euclidean

    def outside(x: FloatArray, p: FloatArray) -> bool:
        s = math.sqrt(square(x, p))
        if s >= 1.0:
            return True
        # Most points are too far inside for any width; the center is one of them.
        if 1.0 - s >= p[at + 2]:
            return False
        return s * (1.0 - s) < width(x, p)

    return outside


def inset_ball(
    center: FloatArray, radius: float, alpha: float, matrix: FloatArray
) -> Domain | None:
    """The ball moved inward by the norm of G'n, None where nothing is left."""
    image = matrix.T / radius**2  # of one axis, its own transpose
    params: dict[str, npt.ArrayLike] = {"center": center, "radius": radius}
    return _inset("shifted_ball", _ball_square, params, (image, image * radius), alpha)


def inset_ellipsoid(
    center: FloatArray, form: FloatArray, alpha: float, matrix: FloatArray
) -> Domain | None:
    """The ellipsoid of a form moved inward by the norm of G'n, None where nothing is left."""
    rows = np.diag(matrix) if matrix.ndim == 1 else matrix.T
    images = rows @ form, rows @ np.linalg.cholesky(form)
    params: dict[str, npt.ArrayLike] = {"center": center, "matrix": form}
    return _inset("shifted_ellipsoid", _ellipsoid_square, params, images, alpha)


def _inset(
    name: str,
    square: PlainFunction,
    params: dict[str, npt.ArrayLike],
    images: tuple[FloatArray, FloatArray],
    alpha: float,
) -> Domain | None:
    """With G'A, so that the width of Ay is the norm of G'Ay, and G'A^(1/2)."""
    image, root = images
    axes, dim = image.ndim == 1, np.size(params["center"])
    drivers = dim if axes else len(image)
    # The norm of powers is at most drivers^(1/alpha - 1/2) times the Euclidean one.
    largest = float(np.max(np.abs(root)) if axes else np.linalg.norm(root, 2))
    largest *= drivers ** (1.0 / alpha - 0.5) * (1.0 + 1e-9)
    if not largest < 1.0:
        return None
    at = sum(np.size(value) for value in params.values())
    outside = _predicate(square, at, drivers, axes, alpha != 2.0)
    norm: dict[str, npt.ArrayLike] = {"norm": [1.0 / alpha, alpha, largest], "shift": image}
    return Domain(dim, outside, {**params, **norm}, name=name)
