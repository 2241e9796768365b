"""What every potential is: a gradient, and where it exists a value, of one point."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, Gradient, PlainFunction, Value
from levysde.engine.program import BatchPart

__all__ = ["Potential"]


@dataclass(frozen=True, eq=False)
class Potential:
    """A potential F on R^dim given by its gradient.

    Attributes
    ----------
    dim : int
        Dimension of the points.
    gradient : callable
        `gradient(x, p, out)` writes grad F(x), shape (dim,), into `out`. A plain Python function of
        numbers and array elements; it is compiled for the simulation. Loops over elements are fast
        there, expressions that make arrays (`B @ x`) are about 30 times slower.
    value : callable, optional
        `value(x, p) -> float`, F(x). Needed for sublevel sets and to check the gradient.
    params : mapping of str to float or array
        Named parameters. They reach the functions as the flat array `p`, in the order given.
    name : str
        For tables, files and messages.
    center : array, shape (dim,), optional
        c of the next two facts, in units of the coordinates.
    hessian : array, shape (dim,) or (dim, dim), optional
        H, or its diagonal, where grad F(x) = H (x - c) everywhere; 1/time.
    one_sided : array, shape (2, dim), optional
        k, where component j of grad F(x) is k[0, j] (x_j - c_j) below c_j and k[1, j] (x_j - c_j)
        above, but for a constant; 1/time.
    separable : bool
        Whether F is known to be a sum of convex functions of one coordinate each: every coordinate
        moves by itself, towards the minimum.
    approaching : bool
        Whether the distance from the minimum is known to fall along the flow dx = -grad F dt.

    Raises
    ------
    ValueError
        If the dimension is not a positive whole number, a function is not callable, or a parameter
        or a declared fact is not what it must be.

    Examples
    --------
    >>> import numpy as np
    >>> def gradient(x, p, out):
    ...     out[0] = p[0] * x[0] ** 3
    >>> well = Potential(1, gradient, params={"stiffness": 2.0})
    >>> well.gradient_at([2.0]).tolist()
    [16.0]
    """

    dim: int
    gradient: Gradient
    value: Value | None = None
    params: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    _: KW_ONLY
    name: str = "custom"
    center: FloatArray | None = None
    hessian: FloatArray | None = None
    one_sided: FloatArray | None = None
    separable: bool = False
    approaching: bool = False
    p: FloatArray = field(init=False, repr=False)

    tilted: ClassVar[bool] = False
    """Whether a constant force has been added, which moves the minimum off that of F."""

    examples: ClassVar[int | None] = None
    """Number of terms where F is declared as their mean, see `finite_sum`."""

    gradient_i: ClassVar[PlainFunction | None] = None
    """The gradient of one term, where F is a mean of terms."""

    def __post_init__(self) -> None:
        checks.dimension(self.dim)
        checks.text("name", self.name)
        checks.plain_function("gradient", self.gradient)
        if self.value is not None:
            checks.plain_function("value", self.value)
        params = checks.frozen_parameters(self.params)
        self._check_facts()
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "p", checks.flat(params))

    def _check_facts(self) -> None:
        dim = self.dim
        for name, shapes in (
            ("center", [(dim,)]),
            ("hessian", [(dim,), (dim, dim)]),
            ("one_sided", [(2, dim)]),
        ):
            value = getattr(self, name)
            if value is not None:
                fact = checks.finite_array(name, value)
                shape = fact.shape if fact.shape in shapes else shapes[0]
                object.__setattr__(self, name, checks.finite_array(name, fact, shape))
        if self.center is None and (self.hessian is not None or self.one_sided is not None):
            raise ValueError("a hessian or one_sided is given without a center; give the center")
        checks.flag("separable", self.separable)
        checks.flag("approaching", self.approaching)

    @property
    def declared(self) -> tuple[str, ...]:
        """Names of the facts that are declared beside the functions and their parameters."""
        facts = ("hessian", "one_sided", "separable", "approaching")
        values = {name: getattr(self, name) for name in facts}
        return tuple(name for name, v in values.items() if v is not None and v is not False)

    def batch_part(self, batch: int, replacement: bool) -> BatchPart:
        """What the engine takes for the gradient of a step, where F is a mean of terms.

        Parameters
        ----------
        batch : int
            Examples in a batch.
        replacement : bool
            Whether one example can be in a batch more than once.

        Returns
        -------
        BatchPart

        Raises
        ------
        ValueError
            If there are no such batches.
        """
        raise ValueError(f"the potential {self.name!r} has no examples; make it by finite_sum")

    @property
    def written(self) -> dict[str, Any]:
        """The functions that the potential is made of, by the names that records have for them."""
        return {"gradient": self.gradient, "value": self.value}

    @property
    def tried_gradient(self) -> Gradient:
        """What stands for the gradient where it is tried in plain Python, at many points."""
        return self.gradient

    def __reduce__(self) -> tuple[Any, ...]:
        return checks.rebuild, (type(self), checks.given_fields(self))

    def declared_gradient(self, x: FloatArray) -> FloatArray | None:
        """Grad F(x) by the declared center and curvatures, where they make it.

        Parameters
        ----------
        x : ndarray, shape (dim,)
            A point, in units of the coordinates.

        Returns
        -------
        ndarray or None
            Shape (dim,), energy per unit of the coordinate.

        Examples
        --------
        >>> from levysde.potentials import quadratic
        >>> quadratic(2, curvature=[1.0, 4.0]).declared_gradient(np.array([1.0, 1.0])).tolist()
        [1.0, 4.0]
        """
        if self.center is None or self.tilted:
            return None
        offset = x - self.center
        if self.hessian is not None:
            return self.hessian * offset if self.hessian.ndim == 1 else self.hessian @ offset
        if self.one_sided is not None:
            below, above = self.one_sided
            return np.asarray(np.where(offset < 0.0, below, above) * offset)
        return None

    def is_same_as(self, other: "Potential") -> bool:
        """Whether another potential has the numbers and functions of this one.

        Parameters
        ----------
        other : Potential
            Its value function is not looked at where this one has none.

        Returns
        -------
        bool
            Functions that were made twice from the same code are the same.

        Examples
        --------
        >>> from levysde.potentials import quadratic, quartic
        >>> quadratic(2).is_same_as(quadratic(2)), quadratic(2).is_same_as(quartic(2))
        (True, False)
        """
        if not np.array_equal(self.p, other.p) or not _is_same(self.gradient, other.gradient):
            return False
        return self.value is None or (other.value is not None and _is_same(self.value, other.value))

    def gradient_many(self, points: FloatArray) -> FloatArray:
        """The gradient at many points, computed with the compiled function.

        Parameters
        ----------
        points : ndarray, shape (count, dim)
            Points, in units of the coordinates.

        Returns
        -------
        ndarray, shape (count, dim)
            Gradients.

        Raises
        ------
        ValueError
            If the function cannot be compiled.

        Examples
        --------
        >>> from levysde.potentials import quadratic
        >>> quadratic(1, curvature=3.0).gradient_many(np.array([[1.0], [-2.0]])).tolist()
        [[3.0], [-6.0]]
        """
        return self.compiled_gradient()(points)

    def compiled_gradient(self) -> Callable[[FloatArray], FloatArray]:
        """`gradient_many` of the function as it is now.

        `gradient_many` looks at every call whether the function, or what it uses, has changed; for
        few points that takes longer than the gradient.

        Returns
        -------
        callable
            Function of points, shape (count, dim), that returns their gradients.

        Raises
        ------
        ValueError
            If it is not a plain function; if it cannot be compiled, at the first call of the other.

        Examples
        --------
        >>> factor = 3.0
        >>> def gradient(x, p, out):
        ...     out[0] = factor * x[0]
        >>> potential = Potential(1, gradient)
        >>> slope, factor = potential.compiled_gradient(), 5.0
        >>> slope(np.ones((1, 1))).tolist(), potential.gradient_many(np.ones((1, 1))).tolist()
        ([[3.0]], [[5.0]])
        """
        from levysde.engine.compile import prepared
        from levysde.engine.cpu.pointwise import gradients

        return functools.partial(gradients, prepared(self.gradient), np.array(self.p))

    def gradient_at(self, x: npt.ArrayLike) -> FloatArray:
        """Grad F(x), computed in plain Python.

        Parameters
        ----------
        x : array, shape (dim,)
            A point, in units of the coordinates.

        Returns
        -------
        ndarray, shape (dim,)
            Energy per unit of the coordinate.

        Raises
        ------
        ValueError
            If x has another shape, or the function fails, leaves a component unwritten or writes
            a NaN.
        """
        point = checks.finite_array("x", x, (self.dim,)).copy()
        out = np.full(self.dim, np.nan)
        before = point.copy()
        try:
            self.gradient(point, np.array(self.p), out)
        except Exception as error:
            raise ValueError(
                f"the gradient function failed at x = {checks.shown(point)}: "
                f"{type(error).__name__}: {error}"
            ) from error
        checks.unchanged("gradient", before, point)
        if not np.isfinite(out).all():
            component = int(np.flatnonzero(~np.isfinite(out))[0])
            raise ValueError(
                f"the gradient function left component {component} unwritten or not finite at "
                f"x = {checks.shown(point)}; write a number into every component of out"
            )
        return out

    def value_at(self, x: npt.ArrayLike) -> float:
        """F(x), computed in plain Python.

        Parameters
        ----------
        x : array, shape (dim,)
            A point, in units of the coordinates.

        Returns
        -------
        float
            Energy.

        Raises
        ------
        ValueError
            If the potential has no value function, x has another shape, or the function fails.
        """
        if self.value is None:
            raise ValueError(f"the potential {self.name!r} has no value function; give one")
        point = checks.finite_array("x", x, (self.dim,)).copy()
        try:
            return float(self.value(point, np.array(self.p)))
        except Exception as error:
            raise ValueError(
                f"the value function failed at x = {checks.shown(point)}: "
                f"{type(error).__name__}: {error}"
            ) from error


def _is_same(one: PlainFunction, other: PlainFunction) -> bool:
    from levysde.engine.source import code_key

    return one is other or code_key(one) == code_key(other)
