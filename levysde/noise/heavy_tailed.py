"""Steps with heavy tails that are not stable: Student's t and the symmetric Pareto law."""

import math
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.engine.fixed_numbers import LN_2
from levysde.engine.random.elementary import exp2, log2, sin_pi
from levysde.noise.known_step import KnownStep
from levysde.noise.stable_index import MIN_ALPHA

_SMALLEST_DF = 0.2
"""Below, squares of variates of 53 bits leave the range of 64-bit floats."""


def _grown(octaves: float) -> float:
    """2^y - 1 with all its digits, which a subtraction loses near y = 0."""
    z = LN_2 * octaves
    return (
        exp2(octaves) - 1.0 if z > 1e-3 else z * (1.0 + z / 2.0 * (1.0 + z / 3.0 * (1.0 + z / 4.0)))
    )


def _student_draw(u1: float, u2: float, p: FloatArray) -> float:
    """sqrt(df (u1^(-2/df) - 1)) cos(2 pi u2): Bailey, Math. Comp. 62 (1994) 779, section 2."""
    fold = min(u2, 1.0 - u2)  # the cosine is even about 1/2
    cosine = sin_pi(0.5 - 2.0 * fold) if fold < 0.25 else -sin_pi(2.0 * fold - 0.5)
    return math.sqrt(p[0] * _grown(-2.0 / p[0] * log2(u1))) * cosine


def _student_tail(x: float, p: FloatArray) -> float:
    """P(|X| > x) of Student's t with p[0] degrees of freedom."""
    from scipy.special import stdtr

    return float(2.0 * stdtr(p[0], -x))


def _lomax_draw(u1: float, u2: float, p: FloatArray) -> float:
    """+-(u1^(-1/alpha) - 1), the sign from u2."""
    size = _grown(-log2(u1) / p[0])
    return size if u2 < 0.5 else -size


def _lomax_tail(x: float, p: FloatArray) -> float:
    """P(|X| > x) = (1 + x)^-alpha."""
    return float(math.exp(-p[0] * math.log1p(x)))


class StudentT(KnownStep):
    """Steps of Student's law; made by `student_t`.

    Attributes
    ----------
    df : float
        Degrees of freedom, the index of the tail, dimensionless.
    scale : float or ndarray, shape (dim,)
        s_j, length/time^(1/alpha).
    alpha : float
        min(df, 2), dimensionless.
    """

    exponent: ClassVar[str] = "prod_j 2^(1-h)/Gamma(h) z_j^h K_h(z_j), z = sqrt(df) scale |u|"

    @property
    def df(self) -> float:
        """Degrees of freedom."""
        return float(self.parameters["df"])

    @property
    def params(self) -> dict[str, float | FloatArray]:
        """Those of `student_t`."""
        return {"df": self.df, "scale": self.scale}

    def step_density(self, x: FloatArray) -> FloatArray:
        """Gamma((df + 1)/2)/(sqrt(pi df) Gamma(df/2)) (1 + x^2/df)^(-(df + 1)/2)."""
        from scipy.special import gammaln

        power = 0.5 * (self.df + 1.0)
        constant = gammaln(power) - gammaln(0.5 * self.df) - 0.5 * math.log(math.pi * self.df)
        return np.asarray(np.exp(constant - power * np.log1p(np.asarray(x) ** 2 / self.df)))

    def step_tail(self, x: FloatArray) -> FloatArray:
        """P(X > x), of Student's law."""
        from scipy.special import stdtr

        return np.asarray(stdtr(self.df, -np.asarray(x)))

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """prod_j 2^(1 - h)/Gamma(h) z_j^h K_h(z_j), h = df/2 and z_j = sqrt(df) |s_j u_j|.

        Of a single step at dt = 1. See Hurst (1995), cited by Johnson, Kotz & Balakrishnan,
        "Continuous Univariate Distributions", vol. 2, 2nd ed., 1995, section 28.2.
        """
        from scipy.special import gammaln, kve

        half = 0.5 * self.df
        z = math.sqrt(self.df) * np.abs(self.arguments(u) * self.scale)
        positive = np.where(z > 0.0, z, 1.0)
        with np.errstate(divide="ignore"):
            log = (1.0 - half) * math.log(2.0) - gammaln(half) + half * np.log(positive)
            log += np.log(kve(half, positive)) - positive
        return np.asarray(np.exp(np.where(z > 0.0, log, 0.0).sum(axis=1)), dtype=np.complex128)


class Lomax(KnownStep):
    """Steps of the symmetric Pareto law; made by `lomax`.

    Attributes
    ----------
    index : float
        Index of the tail, dimensionless.
    scale : float or ndarray, shape (dim,)
        s_j, length/time^(1/alpha).
    alpha : float
        min(index, 2), dimensionless.
    """

    exponent: ClassVar[str] = "prod_j int_0^inf a (1+x)^(-1-a) cos(scale_j u_j x) dx, a = alpha"

    @property
    def index(self) -> float:
        """Index of the tail; `alpha` is no larger than 2."""
        return float(self.parameters["alpha"])

    @property
    def params(self) -> dict[str, float | FloatArray]:
        """Those of `lomax`."""
        return {"alpha": self.index, "scale": self.scale}

    def step_density(self, x: FloatArray) -> FloatArray:
        """(a/2) (1 + |x|)^(-1 - a), a the index."""
        return np.asarray(0.5 * self.index * (1.0 + np.abs(x)) ** (-1.0 - self.index))

    def step_tail(self, x: FloatArray) -> FloatArray:
        """P(X > x), (1 + x)^-a/2 from 0 on."""
        half = 0.5 * (1.0 + np.abs(x)) ** -self.index
        return np.asarray(np.where(np.asarray(x) >= 0.0, half, 1.0 - half))

    def characteristic(self, u: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """prod_j int_0^inf a (1 + x)^(-1-a) cos(s_j u_j x) dx, by quadrature.

        Of a single step at dt = 1.
        """
        arguments = np.abs(self.arguments(u) * self.scale)
        values = np.vectorize(self._cosine_integral, otypes=[float])(arguments)
        return np.asarray(values.prod(axis=1), dtype=np.complex128)

    def _cosine_integral(self, z: float) -> float:
        from scipy.integrate import quad

        if z == 0.0:
            return 1.0

        def density(x: float) -> float:
            return float(self.index * (1.0 + x) ** (-1.0 - self.index))

        return float(quad(density, 0.0, math.inf, weight="cos", wvar=z, limlst=200)[0])


def student_t(df: float, scale: npt.ArrayLike = 1.0) -> StudentT:
    """Steps epsilon dt^(1/alpha) s_j X_j, X_j of Student's t law with df degrees of freedom.

    The density of X is proportional to (1 + x^2/df)^(-(1 + df)/2), so that P(|X| > x) ~ C x^-df
    with C = 2 df^(df/2 - 1) Gamma((df + 1)/2)/(sqrt(pi) Gamma(df/2)).

    This is a law of one step of the algorithm, and of no process in continuous time: two steps of
    dt/2 are not one of dt. With alpha = min(df, 2), the sum of the steps of a unit of time tends as
    dt -> 0 to a law that is known:

    * df < 2: the symmetric stable law of index df and scale epsilon s (C df/(2 c_df))^(1/df), c of
      `Drawn`, which the small-noise theory predicts with. It is for boundaries far in the tail of
      one step, which `theory.predict` says if it is given dt.
    * df > 2: the Gaussian law of variance (epsilon s)^2 df/(df - 2), however heavy the tail of one
      step: its jumps are lost in the limit, and no rate is predicted.
    * df = 2: Gaussian too, but its variance grows with log(1/dt).

    Parameters
    ----------
    df : float
        Degrees of freedom, at least 0.2, dimensionless.
    scale : float or array, shape (dim,)
        s_j, one for all coordinates or one each, length/time^(1/alpha).

    Returns
    -------
    StudentT

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    R. W. Bailey, "Polar generation of random variates with the t-distribution", Math. Comp. 62
    (1994) 779.

    Examples
    --------
    >>> student_t(1.0).vectors.round(12).tolist()  # Cauchy: steps of a stable law
    1.0
    >>> student_t(3.0).alpha
    2.0
    """
    index = _checked_index("df", df, _SMALLEST_DF)
    tail = _student_tail if index < 2.0 else None
    return StudentT(
        _student_draw, {"df": index}, min(index, 2.0), scale=scale, tail=tail, name="student_t"
    )


def lomax(alpha: float, scale: npt.ArrayLike = 1.0) -> Lomax:
    """Steps epsilon dt^(1/a) s_j X_j, X_j of density (alpha/2) (1 + |x|)^(-1 - alpha).

    The symmetric Pareto law of the second kind: P(|X| > x) = (1 + x)^-alpha ~ x^-alpha.

    This is a law of one step of the algorithm, and of no process in continuous time: two steps of
    dt/2 are not one of dt. With a = min(alpha, 2), the sum of the steps of a unit of time tends as
    dt -> 0 to a law that is known:

    * alpha < 2: the symmetric stable law of scale epsilon s (alpha/(2 c_alpha))^(1/alpha), c of
      `Drawn`, which the small-noise theory predicts with. It is for boundaries far in the tail of
      one step, which `theory.predict` says if it is given dt.
    * alpha > 2: the Gaussian law of variance 2 (epsilon s)^2/((alpha - 1)(alpha - 2)), however
      heavy the tail of one step: its jumps are lost in the limit, and no rate is predicted.
    * alpha = 2: Gaussian too, but its variance grows with log(1/dt).

    Parameters
    ----------
    alpha : float
        Index of the tail, at least 0.1, dimensionless.
    scale : float or array, shape (dim,)
        s_j, one for all coordinates or one each, length/time^(1/a).

    Returns
    -------
    Lomax

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    N. L. Johnson, S. Kotz, N. Balakrishnan, "Continuous Univariate Distributions", vol. 1, 2nd
    ed., 1994, section 20.3.

    Examples
    --------
    >>> law = lomax(1.5, scale=[1.0, 0.5])
    >>> law.dim, round(law.tail_constant, 6)
    (2, 1.0)
    """
    index = _checked_index("alpha", alpha, MIN_ALPHA)
    tail = _lomax_tail if index < 2.0 else None
    return Lomax(
        _lomax_draw, {"alpha": index}, min(index, 2.0), scale=scale, tail=tail, name="lomax"
    )


def _checked_index(name: str, value: float, least: float) -> float:
    index = checks.finite_number(name, value)
    if index < least:
        raise ValueError(f"{name} is {index:g}; give an index of at least {least}")
    return index
