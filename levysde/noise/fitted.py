"""A law that was fitted to samples, with what is not known of it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from levysde import checks
from levysde._typing import FloatArray
from levysde.noise.law import Noise

if TYPE_CHECKING:
    from levysde.theory import Prediction
    from levysde.theory.protocols import BasinLike, DynamicsLike

__all__ = ["FittedNoise", "FittedPrediction"]

_WIDTH = 80
_STEP = 0.05
"""A change of alpha whose effect is told."""

_DIFFERENCE = 0.01
"""Half the change of alpha over which it is taken."""

_SMALL = 1e-3
"""The epsilon for which it is told where none is known."""


@dataclass(frozen=True)
class FittedPrediction:
    """A predicted mean escape time, and what the uncertainty of alpha makes of it.

    Made by `FittedNoise.predict`.

    Attributes
    ----------
    prediction : Prediction
        Of the theory, at the fitted alpha.
    mean : float or None
        Its mean, time; None where nothing is predicted.
    alpha_interval : (float, float)
        Ends of the interval of alpha, dimensionless; with several indices, of the smallest.
    mean_interval : (float, float)
        The means at these ends, time, the shorter one first. It is infinite at alpha = 2, where
        there are no jumps.
    sensitivity : float
        Factor of the mean for 0.05 more in alpha, dimensionless.
    level : float
        Confidence level of the interval of alpha.
    """

    prediction: Prediction
    mean: float | None
    alpha_interval: tuple[float, float]
    mean_interval: tuple[float, float]
    sensitivity: float
    level: float

    def __str__(self) -> str:
        low, high = self.alpha_interval
        least, most = self.mean_interval
        if self.mean is not None and math.isinf(self.mean):
            text = "no escape by a jump is predicted: at alpha = 2 noise has none"
        elif self.mean is None:
            text = f"no mean is predicted at the fitted alpha: {self.prediction.reason}"
        else:
            text = f"predicted mean escape time {self.mean:.4g}"
        if low < high and math.isfinite(least):
            text += (
                f", and from {least:.4g} to {most:.4g} for alpha from {low:.3f} to {high:.3f}, its "
                f"{100.0 * self.level:g} % interval: {_STEP} more in alpha is a factor of "
                f"{self.sensitivity:.3g} in the mean"
            )
        return textwrap.fill(text, _WIDTH)


@dataclass(frozen=True, eq=False)
class FittedNoise:
    """A law with the parameters that fit samples best, and their intervals.

    Made by `levysde.noise.fit`.

    Attributes
    ----------
    law : Noise
        The law, for simulations and for the theory.
    alpha : float
        Stability index, dimensionless; the smallest of several.
    alpha_interval : (float, float)
        Confidence interval of alpha.
    scale : ndarray, shape (coordinates,)
        Scale of each coordinate, in units of the samples.
    scale_interval : ndarray, shape (2, coordinates)
        Lower and upper end of the confidence interval of each scale.
    level : float
        Confidence level of the intervals.
    draws : int
        Number of draws.
    batch : int or None
        Examples in a batch of which each draw is the mean; None if it was not told.
    supported : bool
        Whether the samples support a stable law with alpha below 2, as `levysde.tail_index` says.
    verdict : str
        The same in words.
    degrees, degrees_interval : float and (float, float), or None
        Degrees of freedom of a Student-t law.
    """

    law: Noise
    alpha: float
    alpha_interval: tuple[float, float]
    scale: FloatArray
    scale_interval: FloatArray
    level: float
    draws: int
    batch: int | None
    supported: bool
    verdict: str
    degrees: float | None = None
    degrees_interval: tuple[float, float] | None = None
    _make: Callable[[float, float], Noise] = field(default=lambda *_: NotImplemented, repr=False)

    def __repr__(self) -> str:
        return (
            f"FittedNoise({self.law.name}, alpha={self.alpha:.3f}, supported={self.supported}, "
            f"coordinates={self.scale.size}, draws={self.draws})"
        )

    def __str__(self) -> str:
        low, high = self.alpha_interval
        level = f"{100.0 * self.level:g} % interval"
        middle = np.argsort(self.scale)[self.scale.size // 2]
        least, most = self.scale_interval[:, middle]
        which = "" if self.scale.size == 1 else "median "
        facts = [("alpha", f"{self.alpha:.3f}, {level} {low:.3f} to {high:.3f}")]
        if self.degrees is not None and self.degrees_interval is not None:
            ends = "{:.3g} to {:.3g}".format(*self.degrees_interval)
            facts = [("degrees", f"{self.degrees:.3g} of freedom, {level} {ends}")]
        facts += [
            ("scale", f"{which}{self.scale[middle]:.4g}, {level} {least:.4g} to {most:.4g}"),
        ]
        count = "one coordinate" if self.scale.size == 1 else f"{self.scale.size} coordinates"
        lines = [
            f"{self.law.name} noise fitted to {self.draws} draws of {count}",
            *(f"  {name:<10}{text}" for name, text in facts),
            "",
            textwrap.fill(self.verdict, _WIDTH),
        ]
        if low < high:
            factor = _SMALL**-_STEP
            sentence = (
                f"At epsilon = {_SMALL:g} an error of {_STEP} in alpha is a factor of about "
                f"{factor:.2g} in the predicted escape time."
            )
            lines += ["", textwrap.fill(sentence, _WIDTH)]
        return "\n".join(lines)

    def epsilon(self, lr: float, batch: int | None = None) -> float:
        """The noise amplitude at a learning rate and a batch size, for the law as it was fitted.

        The mean of b independent stable gradients has the scale of one times b^(1/alpha - 1), and
        one iteration x <- x - lr (grad F(x) + noise) is a step dt = lr with
        epsilon dt^(1/alpha) = lr. With samples at batch size b0 therefore

            epsilon = (lr b0/b)^((alpha - 1)/alpha),

        with which and dt = lr the law is simulated. A batch times k does what a learning rate
        over k does to epsilon.

        Parameters
        ----------
        lr : float
            Learning rate, the time of one iteration.
        batch : int, optional
            Batch size; that of the samples unless given.

        Returns
        -------
        float
            Dimensionless.

        Raises
        ------
        ValueError
            If a number is out of range, the batch size of the samples is not known, the law has
            several indices, or means of its draws are of another law.

        References
        ----------
        Zhou et al., NeurIPS 2020 (arXiv 2010.05627), eq. 4; G. Samorodnitsky, M. S. Taqqu, "Stable
        Non-Gaussian Random Processes", 1994, properties 1.2.1 and 1.2.3.

        Examples
        --------
        >>> import numpy as np
        >>> import levysde as ls
        >>> draws = np.random.default_rng(1).standard_normal((500, 1))
        >>> fitted = ls.noise.fit(draws, law="gaussian", batch=8)
        >>> fitted.epsilon(lr=0.01), fitted.epsilon(lr=0.01, batch=32)
        (0.1, 0.05)
        """
        lr = checks.finite_number("lr", lr)
        if self.law.several_indices:
            raise ValueError(
                f"epsilon = (lr b0/b)^((alpha - 1)/alpha) needs one alpha and {self.law.name} "
                "noise has several; fit another law"
            )
        return float((lr / self._times(batch)) ** ((self.alpha - 1.0) / self.alpha))

    def at_batch(self, batch: int) -> Noise:
        """The law at another batch size: scales (b0/b)^(1 - 1/alpha) times those of the samples.

        Parameters
        ----------
        batch : int
            Batch size b.

        Returns
        -------
        Noise
            For `escape_times(..., lr=lr)`.

        Raises
        ------
        ValueError
            If the batch size is no whole number, that of the samples is not known, or means of
            draws of the law are of another law.

        Examples
        --------
        >>> import numpy as np
        >>> import levysde as ls
        >>> draws = np.random.default_rng(1).standard_normal((500, 1))
        >>> fitted = ls.noise.fit(draws, law="gaussian", batch=8)
        >>> round(float(fitted.law.scale[0] / fitted.at_batch(32).scale[0]), 12)
        2.0
        """
        return self._make(self.alpha, 1.0 / self._times(batch))

    def _times(self, batch: int | None) -> float:
        """How many batches of the samples are in a batch."""
        if batch is None:
            return 1.0
        batch = checks.whole_number("batch", batch, 1)
        if self.batch is None:
            raise ValueError(
                f"batch is {batch}, and that of the samples is not known; give "
                "fit(samples, batch=...)"
            )
        if batch != self.batch and not self.law.divisible:
            raise ValueError(
                f"means of {self.law.name} draws are of another law; give batch = {self.batch}, "
                "that of the samples, or fit a stable law"
            )
        return batch / self.batch

    def predict(
        self,
        basin: BasinLike,
        dynamics: DynamicsLike,
        epsilon: float | None = None,
        *,
        dt: float | None = None,
        lr: float | None = None,
        batch: int | None = None,
    ) -> FittedPrediction:
        """The mean escape time of the theory at the fitted alpha and at the ends of its interval.

        The mean is epsilon^-alpha/nu(W), so that a small change of alpha is a factor of
        epsilon^-change, beside what it does to nu(W). With a learning rate, epsilon changes with
        alpha too. Scales are as fitted; of several indices all change by as much as the smallest.

        Parameters
        ----------
        basin, dynamics
            As for `levysde.theory.predict`.
        epsilon : float, optional
            Noise amplitude, dimensionless; it or `lr` is needed.
        dt : float, optional
            Time step, which the theory of most optimizers needs.
        lr : float, optional
            Learning rate in place of epsilon and dt.
        batch : int, optional
            Batch size; that of the samples unless given.

        Returns
        -------
        FittedPrediction

        Raises
        ------
        ValueError
            If a value is out of range, or there is no theory of the basin or of the law.

        Examples
        --------
        >>> import levysde as ls
        >>> samples = ls.noise.sample(ls.noise.independent(1.5), 4000, seed=1)
        >>> fitted = ls.noise.fit(samples, law="independent")
        >>> told = fitted.predict(ls.basins.flat(), ls.dynamics.sgd(), epsilon=1e-3)
        >>> told.mean_interval[0] < told.mean < told.mean_interval[1]
        True
        >>> round(told.sensitivity, 1)
        1.5
        """
        from levysde import theory

        factor = 1.0 / self._times(batch)

        def predicted(alpha: float) -> Prediction:
            law = self._make(alpha, factor)
            return theory.predict(basin, dynamics, law, epsilon, dt=dt, lr=lr)

        def mean_at(alpha: float) -> float:
            mean = predicted(alpha).mean
            # Without jumps no rate is predicted, and escapes take exponentially longer.
            return math.inf if mean is None else mean

        at_best = predicted(self.alpha)
        low, high = self.alpha_interval
        if low == high:
            mean = mean_at(self.alpha)
            ends, sensitivity = [mean, mean], 1.0
        else:
            ends = [mean_at(low), mean_at(high)]
            above = min(self.alpha + _DIFFERENCE, 2.0 - _DIFFERENCE)
            change = mean_at(above) / mean_at(above - 2.0 * _DIFFERENCE)
            sensitivity = change ** (_STEP / (2.0 * _DIFFERENCE))
        return FittedPrediction(
            prediction=at_best,
            mean=at_best.mean,
            alpha_interval=self.alpha_interval,
            mean_interval=(min(ends), max(ends)),
            sensitivity=sensitivity,
            level=self.level,
        )
