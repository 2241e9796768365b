"""Escapes of minibatch SGD from a trained basin, beside those of models of its noise."""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import levysde as ls
from levysde import plots, theory
from levysde.report.data_sets import breast_cancer
from levysde.report.drawing import BLUE, GREEN, ORANGE, VERMILION, log_axis
from levysde.report.findings import Data, Finding, Outcome

RECURSION = "the same recursion in numpy, with other random numbers"
STABLE = "Zhou et al. 2020, arXiv 2010.05627, theorem 1: stable models of gradient noise"
POWER = "Imkeller & Pavlyukevich 2006, Stoch. Proc. Appl. 116, 611: E tau ~ eps^-alpha/nu(W)"
EXPONENTIAL = "Freidlin & Wentzell 2012, Random Perturbations, chapter 4, theorem 4.1"
DIRECTIONS, RIDGE, LEVEL, BATCH = 3, 0.05, 0.02, 4
CHECKED, COMPARED, SMALL = 0.7, 0.3, 0.02
"""Learning rates at which numpy repeats the escapes, at which laws are compared, and at which the
leading order of the stable model is."""

RATES = (1.0, 0.7, 0.5, 0.4, 0.3, 0.25)
SMALLER = (0.2, 0.1, 0.05, 0.02)
"""Learning rates of all laws, and those at which only the stable model is simulated."""

LOOKS = {
    "minibatch SGD": (BLUE, "o"),
    "rows of data": (GREEN, "^"),
    "Gaussian": (ORANGE, "D"),
    "stable": (VERMILION, "s"),
}
SGD = ls.dynamics.sgd()

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """A logistic regression at its minimum: the data, the weights and the Hessian there."""

    inputs: FloatArray
    answers: NDArray[np.int64]
    weights: FloatArray
    hessian: FloatArray

    def gradients(self, rows: NDArray[np.int64], weights: FloatArray) -> FloatArray:
        """Of single examples, shape (rows, weights)."""
        score = np.einsum("...j,...j->...", self.inputs[rows], weights)
        residual = 1.0 / (1.0 + np.exp(-score)) - self.answers[rows]
        return residual[..., None] * self.inputs[rows] + RIDGE * weights


@dataclass(frozen=True)
class Mean:
    """Mean number of steps to the escape, and its standard error."""

    steps: float
    error: float


def trained() -> Trained:
    """Logistic regression on principal components and a constant, by Newton's method."""
    measurements, benign = breast_cancer()
    axes = np.linalg.svd(measurements, full_matrices=False)[2][:DIRECTIONS]
    components = measurements @ axes.T
    inputs = np.column_stack([components / components.std(axis=0), np.ones(len(benign))])
    weights = np.zeros(DIRECTIONS + 1)
    for _ in range(30):
        share = 1.0 / (1.0 + np.exp(-inputs @ weights))
        slope = inputs.T @ (share - benign) / len(benign) + RIDGE * weights
        hessian = (inputs.T * (share * (1.0 - share))) @ inputs / len(benign)
        hessian += RIDGE * np.eye(len(weights))
        weights = weights - np.linalg.solve(hessian, slope)
    return Trained(inputs, benign, weights, hessian)


def mean_of(run: ls.EscapeTimes, lr: float) -> Mean:
    """In steps, with what is censored taken into account."""
    return Mean(run.mean / lr, run.mean / lr / math.sqrt(max(run.escaped, 1)))


def repeated(of: Trained, lr: float, paths: int) -> Mean:
    """The escapes of minibatch SGD, step by step in numpy."""
    random = np.random.default_rng(7)
    w, steps = np.tile(of.weights, (paths, 1)), np.zeros(paths)
    inside = np.ones(paths, dtype=bool)
    while inside.any():
        some = w[inside]
        rows = random.integers(0, len(of.answers), (len(some), BATCH))
        some = some - lr * of.gradients(rows, some[:, None, :]).mean(axis=1)
        w[inside] = some
        steps[inside] += 1.0
        away = w - of.weights
        inside &= np.einsum("ij,jk,ik->i", away, of.hessian, away) < 2.0 * LEVEL
    return Mean(float(steps.mean()), float(steps.std()) / math.sqrt(paths))


def quasi_potential(hessian: FloatArray, covariance: FloatArray, lr: float) -> float:
    """Least z'S^-1 z/2 on the boundary z'Hz/2 = level, S the stationary covariance of steps.

    S = A S A' + lr^2 C with A = 1 - lr H; the minimum is the level over the largest eigenvalue of
    H^(1/2) S H^(1/2).
    """
    size = len(hessian)
    once = np.eye(size) - lr * hessian
    system = np.eye(size**2) - np.kron(once, once)
    stationary = np.linalg.solve(system, (lr**2 * covariance).ravel()).reshape(size, size)
    return float(LEVEL / np.linalg.eigvals(stationary @ hessian).real.max())


class Laws:
    """Minibatch SGD in the loss itself, and models of its noise in the quadratic basin."""

    def __init__(self, of: Trained, draws: int) -> None:
        risk = ls.potentials.logistic_regression(of.inputs, of.answers, ridge=RIDGE)
        domain = ls.domains.ellipsoid(of.weights, of.hessian / (2.0 * LEVEL))
        local = ls.gradients.local_basin(
            of.hessian, of.weights, subspace=len(of.weights), loss_level=LEVEL
        )
        rows = ls.gradients.from_function(of.gradients, of.weights, len(of.answers), batched=True)
        noise = local.projected(ls.gradients.noise_samples(rows, BATCH, draws))
        exact = local.projected(rows.values - rows.mean)
        self.covariance = exact.T @ exact / len(exact) / BATCH
        self.curvatures = np.diag(local.curvatures)
        self.quadratic = local.basin
        fitted = ls.noise.fit(noise, law="independent")
        self.supported, self.stable = fitted.supported, fitted.law
        gaussian = ls.noise.elliptic(2.0, np.linalg.cholesky(self.covariance / 2.0))
        self.settings = {
            "minibatch SGD": (ls.Basin(risk, domain, of.weights), ls.noise.minibatch(BATCH)),
            "rows of data": (local.basin, ls.noise.empirical(noise)),
            "Gaussian": (local.basin, gaussian),
            "stable": (local.basin, self.stable),
        }

    def mean(self, name: str, lr: float, paths: int) -> Mean:
        """Of one law at a learning rate."""
        basin, noise = self.settings[name]
        run = ls.escape_times(basin, SGD, noise, lr=lr, paths=paths, horizon=2e4)
        return mean_of(run, lr)

    def leading(self, lr: float) -> float:
        """Steps that the leading order says of the stable model."""
        return theory.predict(self.quadratic, SGD, self.stable, lr=lr).mean / lr

    def potential(self, lr: float) -> float:
        """The exponent of the mean of the Gaussian model."""
        return quasi_potential(self.curvatures, self.covariance, lr)


Means = dict[str, dict[float, Mean]]


def means_of(laws: Laws, quick: bool) -> Means:
    """By law and learning rate."""
    paths = 200 if quick else 2000
    rates = (CHECKED, 0.4, COMPARED) if quick else RATES
    smaller = (SMALL,) if quick else SMALLER
    return {
        name: {
            lr: laws.mean(name, lr, paths) for lr in rates + (smaller if name == "stable" else ())
        }
        for name in LOOKS
    }


def beside(means: Means, name: str, source: str, allowed: float, remark: str, agree: bool):
    """A model beside minibatch SGD, as the ratio of their means."""
    real, model = means["minibatch SGD"][COMPARED], means[name][COMPARED]
    ratio = model.steps / real.steps
    return Finding(
        f"Mean of the {name} model over that of minibatch SGD at lr = {COMPARED:g}", source, 1.0,
        ratio, ratio * math.hypot(model.error / model.steps, real.error / real.steps),
        allowance=allowed, should_agree=agree, remark=remark,
    )  # fmt: skip


def growth_finding(laws: Laws, means: Means) -> Finding:
    """How the mean of the Gaussian model grows between the two smallest learning rates."""
    (first, low), (second, high) = sorted(means["Gaussian"].items())[:2]
    rise = laws.potential(first) - laws.potential(second)
    error = math.hypot(low.error / low.steps, high.error / high.steps)
    return Finding(
        f"Growth of log of the mean with the quasi-potential, Gaussian model, lr = {second:g} to "
        f"{first:g}", EXPONENTIAL, 1.0, math.log(low.steps / high.steps) / rise, error / rise,
        allowance=0.5 * len(laws.covariance) / laws.potential(second),
        remark="In leading order; a factor of the mean that is a power of V is allowed.",
    )  # fmt: skip


def findings_of(of: Trained, laws: Laws, means: Means, quick: bool) -> list[Finding]:
    """An independent simulation, the theory, and the models."""
    again = repeated(of, CHECKED, 500 if quick else 4000)
    mine, small = means["minibatch SGD"][CHECKED], means["stable"][SMALL]
    leading = laws.leading(SMALL)
    return [
        Finding(
            f"Mean number of steps of minibatch SGD at lr = {CHECKED:g}", RECURSION, again.steps,
            mine.steps, math.hypot(mine.error, again.error),
        ),
        Finding(
            f"Mean of the stable model over its leading order at lr = {SMALL:g}", POWER, 1.0,
            small.steps / leading, small.error / leading, allowance=0.07,
            remark="In the limit of small learning rates.",
        ),
        growth_finding(laws, means),
        beside(
            means, "Gaussian", "the covariance at the minimum alone", 0.25,
            "In part by luck, as the rows of data show, which this model replaces by a normal law.",
            True,
        ),
        beside(
            means, "rows of data", "noise of the minimum everywhere", 0.0,
            "Noise and slope change with the weights, which the model leaves out.", False,
        ),
        beside(
            means, "stable", STABLE, 0.25, "The mean of a batch has no tail of a power.", False
        ),
    ]  # fmt: skip


def steps_figure(laws: Laws, means: Means) -> Figure:
    """Mean numbers of steps against the learning rate, and the theory of two models."""
    figure = Figure(figsize=(6.8, 4.8), layout="constrained")
    ax = figure.subplots()
    for name, of in means.items():
        color, marker = LOOKS[name]
        ax.errorbar(
            list(of), [mean.steps for mean in of.values()],
            [1.96 * mean.error for mean in of.values()], color=color, marker=marker,
            linestyle="none", capsize=3, label=name, markersize=9 if name == "Gaussian" else 5,
            markerfacecolor="none" if name == "Gaussian" else color,
        )  # fmt: skip
    lowest = min(means["Gaussian"])
    fine = np.geomspace(lowest, max(means["Gaussian"]), 40)
    height = means["Gaussian"][lowest].steps / math.exp(laws.potential(lowest))
    ax.plot(
        fine, [height * math.exp(laws.potential(lr)) for lr in fine], ":", color=ORANGE,
        label="Gaussian: exp(V), height fitted",
    )  # fmt: skip
    rates = sorted(means["stable"])
    ax.plot(
        rates, [laws.leading(lr) for lr in rates], "--", color=VERMILION,
        label="stable: leading order",
    )  # fmt: skip
    log_axis(ax, "x", np.array(rates))
    ax.set_yscale("log")
    ax.set_xlabel("learning rate")
    ax.set_ylabel("mean number of steps to the escape")
    plots.shared_legend(figure)
    return figure


def told(laws: Laws, means: Means) -> str:
    """What came out, in two paragraphs."""
    at = {name: of[COMPARED].steps for name, of in means.items()}
    real = at["minibatch SGD"]
    return (
        f"Minibatch SGD with batches of {BATCH} leaves the basin of a logistic regression on "
        f"measurements of tumors after {real:.0f} steps at a learning rate of {COMPARED:g}. "
        f"Gaussian noise of the same covariance takes {at['Gaussian']:.0f}. Stable noise fitted "
        f"to the same batches, of index {laws.stable.alpha:.2f}, takes {at['stable']:.0f}, and the "
        "smaller the learning rate the farther it is off: its escapes become rare as a power of "
        "the learning rate, those of SGD exponentially.\n\n"
        "The batches themselves, drawn at the minimum and used everywhere, take "
        f"{at['rows of data']:.0f} steps: they have heavier tails than Gaussian noise, but "
        "neither is the noise of SGD the same everywhere nor the loss a quadratic one. That the "
        "Gaussian model is near is in part a matter of luck. The fit of the stable law says of the "
        f"batches that they {'support' if laws.supported else 'do not support'} one."
    )


def draw(data: Data) -> Outcome:
    """A figure and a table; the escapes are made here."""
    of = trained()
    laws = Laws(of, 2000 if data.quick else 20000)
    means = means_of(laws, data.quick)
    lines = [
        {"law": name, "learning rate": lr, "steps": mean.steps, "error": mean.error}
        for name, each in means.items()
        for lr, mean in each.items()
    ]
    return Outcome(
        "Escapes of minibatch SGD", told(laws, means), {"steps": steps_figure(laws, means)},
        findings_of(of, laws, means, data.quick), {"steps": lines},
    )  # fmt: skip
