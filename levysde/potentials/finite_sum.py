"""F(x) = (1/n) sum_i f_i(x): a mean over examples, given by the gradient of one of them."""

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray, Gradient, PlainFunction, Value
from levysde.engine.program import BatchPart
from levysde.potentials.potential import Potential

__all__ = ["FiniteSum", "finite_sum"]

MOST_EXAMPLES = 2**31 - 1

_COUNT = "examples"
"""The parameter that comes first: n."""

_TRIED = 4
"""Examples whose gradients are tried in plain Python."""

_ARITHMETIC = (ArithmeticError, ValueError)
"""What a formula does at a point for which it is not meant."""


@dataclass(frozen=True, eq=False, repr=False)
class FiniteSum(Potential):
    """F(x) = (1/n) sum_i f_i(x), made by `finite_sum`.

    Everything that a potential has is there for the mean, at a cost of n gradients of one example.
    With `levysde.noise.minibatch` a step costs those of a batch.

    Attributes
    ----------
    gradient_i : callable
        `gradient_i(i, x, p, out)`: the gradient of f_i.
    value_i : callable or None
        `value_i(i, x, p) -> float`: f_i.
    """

    _: KW_ONLY
    gradient_i: PlainFunction  # type: ignore[misc]  # of an object here, and not of a class
    value_i: PlainFunction | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_indices()
        points = np.random.default_rng(0).standard_normal((2, self.dim))
        with np.errstate(all="ignore"):
            for x in points:
                self._try_examples(x, anywhere=True)

    def __repr__(self) -> str:
        return f"FiniteSum(name={self.name!r}, dim={self.dim}, examples={self.examples})"

    def __reduce__(self) -> tuple[Any, ...]:
        given = checks.given_fields(self)
        return _rebuilt, ({n: v for n, v in given.items() if n not in ("gradient", "value")},)

    @property
    def examples(self) -> int:  # type: ignore[override]
        """n, the number of terms."""
        return int(self.p[0])

    @property
    def written(self) -> dict[str, Any]:
        """Gradient and value of one example."""
        return {"gradient": self.gradient_i, "value": self.value_i}

    @property
    def tried_gradient(self) -> Gradient:
        """The mean over a few examples, of whatever number there are."""
        return _mean_gradient(self.gradient_i, np.array(list(self._tried_examples())))

    def batch_gradients(
        self,
        x: npt.ArrayLike,
        batch: int,
        draws: int,
        seed: int = 0,
        replacement: bool = True,
    ) -> FloatArray:
        """Gradients at one point of batches drawn at random, as the first steps of paths have them.

        With replacement their mean is grad F(x) and their covariance S/b, S that of the gradients
        of single examples with the divisor n. Without it the covariance is (S/b) (n - b)/(n - 1).

        Parameters
        ----------
        x : array, shape (dim,)
            A point, in units of the coordinates.
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
        ndarray, shape (draws, dim)
            Energy per unit of the coordinate.

        Raises
        ------
        ValueError
            If a number is out of range, or a function fails at x.

        References
        ----------
        W. G. Cochran, "Sampling techniques", 3rd ed., 1977, theorem 2.2.
        """
        from levysde.engine.cpu.batch_pass import batch_gradients

        point = checks.finite_array("x", x, (self.dim,))
        self._try_examples(point)
        part = self.batch_part(batch, replacement)
        draws = checks.whole_number("draws", draws, 1)
        return batch_gradients(part, point, draws, checks.seed_number(seed))

    def batch_part(self, batch: int, replacement: bool) -> BatchPart:
        """What the engine takes for the gradient of a step.

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
            If the batch has no example, or more than there are without replacement.
        """
        batch = checks.whole_number("batch", batch, 1, MOST_EXAMPLES)
        checks.flag("replacement", replacement)
        if not replacement and batch > self.examples:
            raise ValueError(
                f"batch is {batch} without replacement, of {self.examples} examples; give at most "
                f"{self.examples}, or replacement=True"
            )
        return BatchPart(self.gradient_i, np.concatenate([[float(batch)], self.p]), replacement)

    def gradient_at(self, x: npt.ArrayLike) -> FloatArray:
        """Grad F(x); see `Potential.gradient_at`. A few examples are tried in plain Python."""
        point = checks.finite_array("x", x, (self.dim,))
        self._try_examples(point)
        found = self.gradient_many(point[None])[0]
        if not np.isfinite(found).all():
            raise ValueError(
                f"the mean of gradient_i over all examples is not finite at "
                f"x = {checks.shown(point)}; write a number into every component of out"
            )
        return found

    def value_at(self, x: npt.ArrayLike) -> float:
        """F(x); see `Potential.value_at`. A few examples are tried in plain Python."""
        from levysde.engine.cpu.pointwise import values

        if self.value is None:
            raise ValueError(f"the potential {self.name!r} has no value function; give value_i")
        point = checks.finite_array("x", x, (self.dim,))
        self._try_values(point)
        return float(values(self.value, np.array(self.p), point[None])[0])

    # ------------------------------------------------------------------------ the user's functions

    def _tried_examples(self) -> Iterator[int]:
        n = self.examples
        yield from sorted({0, n // 3, 2 * n // 3, n - 1}) if n > _TRIED else range(n)

    def _check_indices(self) -> None:
        """Refuse constant indices beyond an array: compiled code looks at no bounds."""
        from levysde.engine.indices import constant_indices
        from levysde.engine.source import plain

        lengths = {1: ("x", self.dim), 2: ("p", len(self.p) - 1), 3: ("out", self.dim)}
        for name, function in (("gradient_i", self.gradient_i), ("value_i", self.value_i)):
            for argument, index in constant_indices(plain(function)) if function else ():
                array, length = lengths.get(argument, ("", 0))
                if array and not -length <= index < length:
                    raise ValueError(
                        f"{name} uses {array}[{index}], but {array} has {length} numbers: stay "
                        "within them"
                    )

    def _call(self, name: str, function: PlainFunction, i: int, x: FloatArray, *out: Any) -> Any:
        """The answer of a function for one example, run in plain Python."""
        from levysde.engine.source import interpreted, plain

        point, p = x.copy(), np.array(self.p[1:])
        where = f"for example {i} at x = {checks.shown(x)}"
        try:
            answer = interpreted(plain(function))(i, point, p, *out)
        except IndexError as error:
            raise ValueError(
                f"{name} failed {where}: {error}; x and out have {self.dim} numbers, p has {len(p)}"
                f" and examples are 0 to {self.examples - 1}: stay within them"
            ) from error
        for array, before, after in (("x", x, point), ("p", self.p[1:], p)):
            if not np.array_equal(before, after, equal_nan=True):
                raise ValueError(f"{name} changed {array} {where}; only read {array}")
        return answer

    def _try_examples(self, x: FloatArray, *, anywhere: bool = False) -> None:
        """Call the gradients of a few examples; `anywhere` they may fail as formulas do."""
        for i in self._tried_examples():
            where = f"for example {i} at x = {checks.shown(x)}"
            first, second = np.full(self.dim, np.nan), np.full(self.dim, 0.5)
            try:
                for out in (first, second):
                    self._call("gradient_i", self.gradient_i, i, x, out)
            except Exception as error:
                if str(error).startswith("gradient_i "):
                    raise
                if anywhere and isinstance(error, _ARITHMETIC):
                    continue
                raise ValueError(
                    f"gradient_i failed {where}: {type(error).__name__}: {error}; write a number "
                    "into every component of out"
                ) from error
            wrong = (first != second) & ~(np.isnan(first) & np.isnan(second))
            if wrong.any():
                raise ValueError(
                    f"gradient_i left component {int(np.flatnonzero(wrong)[0])} of out unwritten, "
                    f"or read it, {where}; write a number into every component of out"
                )
            if not anywhere and not np.isfinite(first).all():
                raise ValueError(f"gradient_i wrote {checks.shown(first)} {where}; write numbers")

    def _try_values(self, x: FloatArray) -> None:
        if self.value_i is None:
            return
        for i in self._tried_examples():
            where = f"for example {i} at x = {checks.shown(x)}"
            try:
                answer = float(self._call("value_i", self.value_i, i, x))
            except Exception as error:
                if str(error).startswith("value_i "):
                    raise
                raise ValueError(
                    f"value_i failed {where}: {type(error).__name__}: {error}; return a number"
                ) from error
            if np.isnan(answer):
                raise ValueError(f"value_i returned NaN {where}; return a number")


def finite_sum(
    dim: int,
    examples: int,
    gradient_i: PlainFunction,
    value_i: PlainFunction | None = None,
    params: Mapping[str, npt.ArrayLike] | None = None,
    *,
    name: str = "finite_sum",
    **facts: Any,
) -> FiniteSum:
    """F(x) = (1/n) sum_{i < n} f_i(x), by the gradient of one term: an empirical risk.

    Parameters
    ----------
    dim : int
        Dimension of the points.
    examples : int
        n, the number of terms.
    gradient_i : callable
        `gradient_i(i, x, p, out)` writes grad f_i(x), shape (dim,), into `out`, which it must not
        read before. A plain Python function of numbers and array elements; it is compiled.
    value_i : callable, optional
        `value_i(i, x, p) -> float`, f_i(x). Needed for sublevel sets and to check the gradient.
    params : mapping of str to float or array, optional
        Named parameters, the data among them. They reach the functions as the flat array `p`, in
        the order given: row i of an array of k columns that comes first begins at p[i k].
    name : str
        For tables, files and messages.
    **facts
        `center`, `hessian`, `one_sided`, `separable` and `approaching` of the mean, as `Potential`
        has them.

    Returns
    -------
    FiniteSum
        Its parameters are the number of examples and those given.

    Raises
    ------
    ValueError
        If a number is out of range, or a function fails, leaves a component unwritten, changes what
        it is given or reads or writes beyond an array.

    References
    ----------
    L. Bottou, F. E. Curtis, J. Nocedal, "Optimization methods for large-scale machine learning",
    SIAM Rev. 60 (2018) 223-311, eq. 3.6.

    Examples
    --------
    >>> def gradient_i(i, x, p, out):
    ...     out[0] = x[0] - p[i]
    >>> mean = finite_sum(1, 4, gradient_i, params={"places": [0.0, 1.0, 2.0, 5.0]})
    >>> mean.gradient_at([3.0]).tolist()
    [1.0]
    >>> mean.batch_gradients([3.0], batch=4, draws=1, replacement=False).tolist()
    [[1.0]]
    """
    dim = checks.dimension(dim)
    count = checks.whole_number(_COUNT, examples, 1, MOST_EXAMPLES)
    checks.plain_function("gradient_i", gradient_i)
    if value_i is not None:
        checks.plain_function("value_i", value_i)
    given = checks.frozen_parameters({} if params is None else params)
    if _COUNT in given:
        raise ValueError(f"params has {_COUNT!r}, which is the number of terms; give another name")
    return _rebuilt(
        {"dim": dim, "params": {_COUNT: count, **given}, "gradient_i": gradient_i,
         "value_i": value_i, "name": name, **facts}
    )  # fmt: skip


def _rebuilt(given: Mapping[str, Any]) -> FiniteSum:
    """The potential with its means made anew: functions made by functions cannot be pickled."""
    gradient_i, value_i = given["gradient_i"], given["value_i"]
    value = None if value_i is None else _mean_value(value_i)
    return FiniteSum(gradient=_mean_gradient(gradient_i), value=value, **given)


def _mean_gradient(
    gradient_i: PlainFunction, some: npt.NDArray[np.int64] | None = None
) -> PlainFunction:
    """The mean over all examples, or over some."""
    if some is not None:

        def over_some(x, p, out):  # type: ignore[no-untyped-def]
            one = np.full(len(x), np.nan)
            for j in range(len(x)):
                out[j] = 0.0
            for i in some:
                gradient_i(i, x, p[1:], one)
                for j in range(len(x)):
                    out[j] += one[j]

        return over_some

    def mean_gradient(x, p, out):  # type: ignore[no-untyped-def]
        examples, own, one = int(p[0]), p[1:], np.empty(len(x))
        for j in range(len(x)):
            out[j] = 0.0
        for i in range(examples):
            gradient_i(i, x, own, one)
            for j in range(len(x)):
                out[j] += one[j]
        for j in range(len(x)):
            out[j] /= examples

    return mean_gradient


def _mean_value(value_i: PlainFunction) -> Value:
    def mean_value(x, p):  # type: ignore[no-untyped-def]
        examples, own, total = int(p[0]), p[1:], 0.0
        for i in range(examples):
            total += value_i(i, x, own)
        return total / examples

    return mean_value
