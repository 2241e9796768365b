"""The first form of a law: masses on columns.

L = sum_k g_k Z_k with independent strictly stable variates Z_k of scale 1, one a column g_k: jumps
are parallel to the columns. Where the columns are the axes only their scales are kept.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.engine.jump_parts import JumpPart, axis_jumps, ray_jumps
from levysde.engine.program import NoisePart, flat_columns
from levysde.engine.random.look_up import TABLE_SIZE
from levysde.engine.random.philox import unit_uniform
from levysde.engine.random.quantile import has_table, quantile_table
from levysde.engine.random.variates import (
    skewed_constants,
    skewed_stable,
    stable_constants,
    symmetric_stable,
)
from levysde.noise.form import Form, kept
from levysde.noise.stable_index import check_alpha, step_scale

# ------------------------------------------------------------------- one coordinate, along the axes


def table_increment(j: int, x: float, p: FloatArray) -> float:
    """Coordinate j of a law with a table: the scales are behind it."""
    return p[TABLE_SIZE + j] * x


def _formula_increment(j: int, first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    """Coordinate j of a law with one index: five constants, then the scales."""
    u, w = unit_uniform(first), unit_uniform(second)
    return p[5 + j] * symmetric_stable(u, w, p[0], p[1], p[2], p[3], p[4])


def _multifractal_increment(j: int, first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    """Coordinate j with an index of its own: six rows of p, five constants and the scale."""
    u, w, n = unit_uniform(first), unit_uniform(second), p.size // 6
    return p[5 * n + j] * symmetric_stable(
        u, w, p[j], p[n + j], p[2 * n + j], p[3 * n + j], p[4 * n + j]
    )


def _skewed_increment(j: int, first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    """Coordinate j with a skewness of its own: ten rows of p, nine constants and the scale."""
    u, w, n = unit_uniform(first), unit_uniform(second), p.size // 10
    return p[9 * n + j] * skewed_stable(
        u, w, p[j], p[n + j], p[2 * n + j], p[3 * n + j], p[4 * n + j], p[5 * n + j],
        p[6 * n + j], p[7 * n + j], p[8 * n + j],
    )  # fmt: skip


def number_or_array(array: FloatArray) -> float | FloatArray:
    """A number where there is only one for all coordinates."""
    return float(array) if array.ndim == 0 else array


def _by_constant(rows: list[list[float]]) -> FloatArray:
    """The constants of all coordinates, one constant after another: vector loops read in order."""
    return np.array(rows).T.ravel()


# -------------------------------------------------------------------------- one driver, of a matrix


def _table_driver(k: int, x: float, p: FloatArray) -> float:
    return x


def _formula_driver(k: int, first: np.uint64, second: np.uint64, p: FloatArray) -> float:
    return symmetric_stable(unit_uniform(first), unit_uniform(second), p[0], p[1], p[2], p[3], p[4])


def _mixture(alpha: float, matrix: FloatArray) -> NoisePart:
    """DL = G Z with independent SaS(1) variates Z, one a column of G, shape (dim, drivers)."""
    if has_table(alpha):
        increment, words, p = _table_driver, 1.0, quantile_table(alpha)
    else:
        increment, words, p = _formula_driver, 2.0, np.array(stable_constants(alpha))  # type: ignore[assignment]
    return NoisePart(
        increment=increment,
        words=words,
        drivers=matrix.shape[1],
        p=np.concatenate([p, flat_columns(matrix)]),
        matrix_at=len(p),
    )


@dataclass(frozen=True, eq=False)
class Columns(Form):
    """Independent strictly stable variates, one a column.

    E exp(iu.L_1) = exp(-sum_k |g_k.u|^alpha_k (1 - i beta_k tan(pi alpha_k/2) sign(g_k.u))).
    Several indices and skewness are for columns along the axes.

    Attributes
    ----------
    name : str
        Of the law, for people, tables and files.
    parameters : mapping
        What the law is made of by the function of its name: numbers and arrays.
    alphas : float or ndarray, shape (dim,)
        Stability index of all columns, or of each, dimensionless.
    vectors : ndarray, shape (dim, columns), (dim,) or ()
        The columns g_k; where they are the axes, the scale of each or that of all. Units of
        length/time^(1/alpha).
    betas : float or ndarray, shape (dim,)
        Skewness, dimensionless.
    alpha : float
        The smallest index, dimensionless.

    Raises
    ------
    ValueError
        If a number is out of range, or the shapes do not fit.
    """

    form: ClassVar[str | None] = "columns"
    exponent: ClassVar[str] = "exp(-sum_k |(G'u)_k|^alpha), G the columns"
    alpha: float = field(init=False)
    alphas: float | FloatArray
    vectors: FloatArray
    betas: float | FloatArray = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("alphas", "betas"):
            array = checks.finite_array(name, getattr(self, name))
            if array.ndim > 1 or array.size == 0:
                raise ValueError(
                    f"{name} has shape {array.shape}; give one number, or one for every column"
                )
            object.__setattr__(self, name, number_or_array(array))
        object.__setattr__(self, "vectors", kept("vectors", self.vectors))
        for index in self.indices.ravel().tolist():
            check_alpha(index)
        object.__setattr__(self, "alpha", float(self.indices.min()))
        self._check_vectors()
        self._check_sides()

    def _check_vectors(self) -> None:
        vectors = self.vectors
        if vectors.ndim > 2 or not vectors.any():
            raise ValueError(
                f"vectors has shape {vectors.shape}; give shape (dim, columns), not all zero"
            )
        if vectors.ndim < 2 and (vectors < 0.0).any():
            raise ValueError(f"vectors is {vectors.tolist()}; give positive scales")

    def _check_sides(self) -> None:
        betas = np.asarray(self.betas)
        if (np.abs(betas) > 1.0).any() or (betas * (self.indices == 1.0)).any():
            raise ValueError(
                f"betas is {betas.tolist()}; give a skewness from -1 to 1, and 0 where alpha is 1"
            )
        if self.vectors.ndim == 2 and (self.several_indices or betas.any()):
            raise ValueError(
                "several indices and skewness are for columns along the axes; give their scales, "
                "or one index and no skewness"
            )
        if len({np.shape(v) for v in (self.alphas, self.vectors, self.betas)} - {()}) > 1:
            raise ValueError("alphas, vectors and betas are of different lengths; give as many")

    @property
    def dim(self) -> int | None:
        """Rows of the columns; None with one number for all axes."""
        shapes = [np.shape(v) for v in (self.vectors, self.alphas, self.betas) if np.ndim(v)]
        return shapes[0][0] if shapes else None

    @property
    def indices(self) -> FloatArray:
        """Stability indices: one, shape (), or that of every column."""
        return np.asarray(self.alphas)

    def part(self, dim: int, epsilon: float, dt: float) -> NoisePart:
        """Increments epsilon dt^(1/alpha_k) sum_k g_k Z_k; see `Noise.part`."""
        self.check_dim(dim)
        steps = [step_scale(index, epsilon, dt) for index in self.indices.ravel().tolist()]
        columns = np.reshape(steps, self.indices.shape) * self.vectors
        if self.vectors.ndim == 2:
            return _mixture(self.alpha, columns)
        return self._along_axes(dim, np.broadcast_to(columns, dim))

    def _along_axes(self, dim: int, scale: FloatArray) -> NoisePart:
        alphas, betas = (np.broadcast_to(v, dim).tolist() for v in (self.alphas, self.betas))
        if np.any(self.betas):
            each = zip(alphas, betas, scale, strict=True)
            p = _by_constant([[*skewed_constants(a, b), s] for a, b, s in each])
            return NoisePart(_skewed_increment, 2.0, dim, p)
        if self.several_indices:
            rows = [[*stable_constants(a), s] for a, s in zip(alphas, scale, strict=True)]
            return NoisePart(_multifractal_increment, 2.0, dim, _by_constant(rows))
        if has_table(self.alpha):
            p = np.concatenate([quantile_table(self.alpha), scale])
            return NoisePart(table_increment, 1.0, dim, p)
        p = np.concatenate([stable_constants(self.alpha), scale])
        return NoisePart(_formula_increment, 2.0, dim, p)

    def jumps(self, dim: int, epsilon: float, threshold: float) -> JumpPart:
        """Jumps along one column at a time; see `Noise.jumps`."""
        self.check_dim(dim)
        columns = epsilon * self.vectors
        if self.vectors.ndim == 2:
            return ray_jumps(self.alpha, columns, threshold)
        return axis_jumps(self.alphas, np.broadcast_to(columns, dim), self.betas, threshold)

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """exp(-sum_k |g_k.u|^alpha_k (1 - i beta_k tan(pi alpha_k/2) sign(g_k.u))).

        Parameters
        ----------
        u : array, shape (count, dim)
            Arguments, 1/length.

        Returns
        -------
        ndarray of complex, shape (count,)
        """
        u = self.arguments(u)
        if self.vectors.ndim == 2:
            exponent = np.abs(u @ self.vectors) ** self.alphas
            return np.exp(-exponent.sum(axis=1)).astype(np.complex128)
        along, skewed = self.vectors * u, np.any(self.betas)
        lean = self.betas * np.tan(0.5 * np.pi * self.indices) if skewed else 0.0
        skewed_exponent = np.abs(along) ** self.alphas * (1.0 - 1j * lean * np.sign(along))
        return np.asarray(np.exp(-skewed_exponent.sum(axis=1)))

    def width(self, dim: int) -> tuple[float, FloatArray]:
        """Norm of powers of G'n; see `Noise.width`."""
        if np.any(self.betas):
            raise checks.Refusal(
                "the boundary shift is for symmetric noise, and this one is skewed",
                self.without_shift,
            )
        square = self.vectors.ndim == 2
        return self.alpha, self.vectors if square else np.broadcast_to(self.vectors, dim)

    def transformed(self, matrix: FloatArray) -> "Columns":
        """Columns G g_k; see `Noise.transformed`."""
        if matrix.ndim == 2 and self.vectors.ndim < 2:
            vectors = matrix * self.vectors
        elif matrix.ndim == 2:
            vectors = matrix @ self.vectors
        else:
            vectors = (matrix[:, None] if self.vectors.ndim == 2 else matrix) * self.vectors
        facts = {"alphas": self.alphas, "vectors": vectors, "betas": self.betas}
        return Columns(f"scaled {self.name}", facts, **facts)  # type: ignore[arg-type]

    def preconditioned(self, divisor: FloatArray) -> "Columns":
        """Columns Q^-1 g_k; see `Noise.preconditioned`."""
        by_row = divisor[:, None] if self.vectors.ndim == 2 else divisor
        vectors = checks.finite_array("the divided noise", self.vectors / by_row)
        facts = {"alphas": self.alphas, "vectors": vectors, "betas": self.betas}
        return Columns(f"divided {self.name}", facts, **facts)  # type: ignore[arg-type]
