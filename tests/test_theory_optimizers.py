"""Small-noise theory of the optimizers against their recurrences, written out once more."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import levysde as ls
from levysde import domains
from levysde.domains import box, ellipsoid, half_space, interval
from levysde.dynamics import Rule
from levysde.theory import (
    Prediction,
    adam_sgd_ratio,
    clipped_jumps,
    escape_measure,
    first_correction,
    one_jump_cap,
    overshoot_factor,
    peak_factor,
    predict,
    stable_constant,
)
from levysde.theory.optimizers.relaxation import many_gradients

SIGMAS = 4.0
DT = 0.02


# ------------------------------------------------------------------------------------------- parts


def custom(dim: int, inside: Callable[[Any], Any]) -> Any:
    return SimpleNamespace(
        name="custom", dim=dim, p=np.empty(0), outside=lambda x, p: not inside(x)
    )


def ball(dim: int, radius: float, center: Any = 0.0) -> Any:
    return domains.ball(np.broadcast_to(center, dim), radius)


def basin(slope: Callable[[Any], Any], omega: Any, minimum: Any = None) -> Any:
    def gradient(x: Any, p: Any, out: Any) -> None:
        out[:] = slope(x)

    point = np.zeros(omega.dim) if minimum is None else np.asarray(minimum, dtype=float)
    potential = SimpleNamespace(dim=omega.dim, gradient=gradient, p=np.empty(0))
    return SimpleNamespace(potential=potential, domain=omega, minimum=point, start=point)


def noise(alpha: float = 1.5, scale: Any = 1.0) -> Any:
    return ls.noise.independent(alpha, scale)


def isotropic(alpha: float = 1.5) -> Any:
    return ls.noise.isotropic(alpha)


FORMS_OF_DECAY = {"adam_l2": "l2", "adamw": "decoupled", "adamprox": "proximal"}


def dynamics(name: str, **given: Any) -> Any:
    """Return a dynamics; what is no attribute of its own is a parameter."""
    own = {"form": "algorithm", "rates": "per_step", "clip": None}
    attributes = {key: given.pop(key, value) for key, value in own.items()}
    kind = "frozen" if "frozen" in given else "noisy" if "gradient_noise" in given else "gradient"
    facts = {
        "average": given.get("decay" if name == "momentum" else "b1"),
        "dampening": given.get("dampening"),
        "second_average": given.get("decay" if name == "rmsprop" else "b2"),
        "second_moment": "none" if name == "momentum" else kind,
        "size": given.get("frozen", given.get("gradient_noise", 0.0)),
        "eps": given.get("eps", 0.0),
        "weight_decay": given["weight_decay"] if name in FORMS_OF_DECAY else 0.0,
        "decay_form": FORMS_OF_DECAY.get(name, "none"),
    }
    facts["second_average"] = None if name == "momentum" else facts["second_average"]
    rule = Rule(attributes["form"], attributes["rates"], **facts)
    return SimpleNamespace(name=name, params=given, rule=rule, **attributes)


def momentum(decay: float = 0.9, dampening: float = 0.0, **given: Any) -> Any:
    return dynamics("momentum", decay=decay, dampening=dampening, **given)


def adam(name: str = "adam", **given: Any) -> Any:
    return dynamics(name, **{"b1": 0.9, "b2": 0.999, "eps": 1e-8, **given})


SGD = SimpleNamespace(name="sgd", clip=None, rule=Rule())


def quadratic(k: float, omega: Any) -> Any:
    return basin(lambda x: k * x, omega)


def kinked(x: Any) -> Any:
    return np.where(np.asarray(x) < 0.0, 16.0, 1.0) * x


def holds(prediction: Prediction) -> dict[str, bool | None]:
    return {assumption.name: assumption.holds for assumption in prediction.assumptions}


def measure(prediction: Prediction) -> float:
    assert prediction.escape_measure is not None
    assert prediction.reason is None
    return prediction.escape_measure.value


def two_sided(alpha: float, left: float, right: float) -> float:
    return stable_constant(alpha) / alpha * (left**-alpha + right**-alpha)


# -------------------------------------------------------------- the recurrences, one path, one step


def reach(
    rule: Any, slope: Callable[[float], float], y: float, dt: float, rest: float = 0.0
) -> tuple[float, float]:
    """Lowest and highest displacement from rest after the jump y, in one dimension, by the book."""
    p = rule.params
    b1, b2 = p.get("b1", p.get("decay", 0.0)), p.get("b2", 0.0)
    if rule.name == "rmsprop":
        b1, b2 = 0.0, p["decay"]
    if rule.rates == "per_time":
        b1, b2 = 1.0 - b1 * dt, 1.0 - b2 * dt
    share = 1.0 - p["dampening"] if rule.name == "momentum" else 1.0 - b1
    decay, s = p.get("weight_decay", 0.0), p.get("gradient_noise", 0.0)
    l2 = decay if rule.name == "adam_l2" else 0.0
    decoupled = decay * dt if rule.name == "adamw" else 0.0
    proximal = decay * dt if rule.name == "adamprox" else 0.0
    clip, eps = rule.clip or math.inf, p.get("eps", 0.0)
    frozen = 1.0 if rule.name == "momentum" else p.get("frozen")
    in_m, in_x = (y / dt, 0.0) if rule.form == "algorithm" else (0.0, y)
    x, low, high = rest, rest, rest
    h = slope(x) + l2 * x
    m, v = share / (1.0 - b1) * h, h * h + s * s
    for _ in range(math.ceil(40.0 / (1.0 - b1)) + 1000):
        h = slope(x) + l2 * x
        m = b1 * m + share * (h - in_m)
        v = b2 * v + (1.0 - b2) * (h * h + s * s)
        q = (math.sqrt(v) if frozen is None else frozen) + eps
        move = ((in_x - dt * m) / q - decoupled * x - proximal * x) / (1.0 + proximal)
        x += move if abs(move) <= clip else math.copysign(clip, move)
        low, high = min(low, x), max(high, x)
        in_m = in_x = 0.0
    return low - rest, high - rest


def threshold(
    rule: Any, slope: Callable[[float], float], ends: Any, sign: float, dt: float, rest: float = 0.0
) -> float:
    """Size of the smallest jump to one side that leads out, by bisection."""

    def leaves(size: float) -> bool:
        low, high = reach(rule, slope, sign * size, dt, rest)
        return rest + low <= ends[0] or rest + high >= ends[1]

    small, large = 0.0, 1.0
    while not leaves(large):
        large *= 2.0
    for _ in range(32):
        middle = 0.5 * (small + large)
        small, large = (small, middle) if leaves(middle) else (middle, large)
    return large


# ------------------------------------------------------------------------------------- the formulas


@pytest.mark.parametrize(
    ("r", "value"), [(0.1, 0.83473), (1.0, 0.54629), (0.25, 2.0 / math.e), (0.0, 1.0)]
)
def test_peak_factor_numbers(r: float, value: float) -> None:
    assert peak_factor(r) == pytest.approx(value, abs=5e-6)


@pytest.mark.parametrize("r", [1e-6, 0.1, 0.2499, 0.25, 0.2501, 0.3, 1.0, 30.0])
def test_peak_and_overshoot_against_the_integrated_equation(r: float) -> None:
    # x' = -m, m' = rho (k x - m), with the jump in m or in x.
    rho, k = 3.0, 3.0 * r

    def flow(t: float, z: Any) -> Any:
        return [-z[1], rho * (k * z[0] - z[1])]

    stop = lambda t, z: z[1]  # noqa: E731, m = 0 where x turns
    accurate: Any = {"method": "DOP853", "rtol": 1e-11, "atol": 1e-14, "events": stop}
    end = 60.0 if r > 0.01 else 30.0
    spread = solve_ivp(flow, (0.0, end), [0.0, -rho], **accurate)
    assert spread.y_events[0][0][0] == pytest.approx(peak_factor(r), rel=1e-8)
    stop.direction = -1.0  # not where it begins, but where it ends on the other side
    turned = solve_ivp(flow, (0.0, end), [1.0, 0.0], **accurate)
    turning = turned.y_events[0]
    swing = -turning[0][0] if len(turning) else 0.0
    assert swing == pytest.approx(overshoot_factor(r), abs=1e-9)


def test_peak_factor_is_continuous_where_the_formulas_meet() -> None:
    # p'(1/4) = -(2/e)(2/3): the same from both sides.
    for step in (1e-4, 1e-7, 1e-10):
        slopes = [(peak_factor(0.25 + s) - 2.0 / math.e) / s for s in (-step, step)]
        assert slopes == pytest.approx([-4.0 / (3.0 * math.e)] * 2, rel=10.0 * step + 1e-15 / step)
    assert peak_factor(1e-20) == pytest.approx(1.0, abs=1e-14)
    assert peak_factor(0.26) < peak_factor(0.25) < peak_factor(0.24)


def test_one_jump_cap_against_the_summed_recurrence() -> None:
    assert one_jump_cap(0.9, 0.999) == pytest.approx(31.7658, abs=5e-5)

    def moved(b1: float, b2: float, jump: float, eps: float) -> float:
        m, v, x = (1.0 - b1) * jump, (1.0 - b2) * jump * jump, 0.0
        for _ in range(4000):
            x += m / (math.sqrt(v) + eps)
            m, v = b1 * m, b2 * v
        return x

    for b1, b2 in ((0.9, 0.999), (0.5, 0.9), (0.95, 0.99)):
        assert moved(b1, b2, 1e30, 0.0) == pytest.approx(one_jump_cap(b1, b2), rel=1e-12)
        # The size of the jump does not matter; eps lowers the cap.
        assert moved(b1, b2, 1e-3, 0.0) == pytest.approx(one_jump_cap(b1, b2), rel=1e-12)
        assert moved(b1, b2, 1.0, 1.0) < 0.95 * one_jump_cap(b1, b2)
    assert one_jump_cap(0.0, 0.99, eta=0.1) == pytest.approx(1.0)
    assert one_jump_cap(0.95, 0.9) == math.inf
    # b1 = sqrt(b2): all steps are equal, and their sum has no bound.
    assert one_jump_cap(0.5, 0.25) == math.inf
    assert one_jump_cap(0.9, 0.999, eta=1e-3) == pytest.approx(0.0317658, rel=1e-5)


@pytest.mark.parametrize(
    ("alpha", "largest", "value"),
    [(1.2, 5.0, 2.58), (1.8, 5.0, 7.47), (1.2, 0.9, 0.367), (1.8, 0.9, 0.372)],
)
def test_adam_against_sgd_both_signs(alpha: float, largest: float, value: float) -> None:
    curvatures = np.geomspace(10.0, 0.01, 20)
    scales = np.geomspace(largest, 1e-3, 20)
    ratio = adam_sgd_ratio(alpha, curvatures, scales, scales)
    assert ratio == pytest.approx(value, rel=3e-3)
    # The same from the escape measures of the ellipsoid: seen through Q and directly.
    omega = ellipsoid(np.zeros(20), np.diag(curvatures))
    both = [
        escape_measure(omega, noise(alpha, s), np.zeros(20)).value for s in (scales, np.ones(20))
    ]
    assert ratio == pytest.approx(both[0] / both[1], rel=1e-12)
    # With the volumes inverted, as printed in the paper, the sign would be another one.
    assert (ratio > 1.0) == (largest == 5.0)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (peak_factor, (-0.1,), r"r is -0.1"),
        (overshoot_factor, (math.nan,), "r is nan"),
        (one_jump_cap, (1.0, 0.9), "b1 is 1.0"),
        (one_jump_cap, (0.9, 1.5), "b2 is 1.5"),
        (one_jump_cap, (0.9, 0.99, 0.0), "eta is 0.0"),
        (adam_sgd_ratio, (2.5, 1.0, 1.0, 1.0), "alpha is 2.5"),
        (adam_sgd_ratio, (1.5, [1.0, -1.0], 1.0, 1.0), "curvatures is"),
        (adam_sgd_ratio, (1.5, 1.0, [0.0, 0.0], 1.0), "scales is"),
        (adam_sgd_ratio, (1.5, 1.0, 1.0, 0.0), "preconditioner is"),
        (adam_sgd_ratio, (1.5, [1.0, 2.0], [1.0, 2.0, 3.0], 1.0), "one length"),
    ],
)
def test_wrong_numbers_in_the_formulas(
    function: Callable[..., float], arguments: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        function(*arguments)


# ------------------------------------------------------------------ predictions on the line


LINE = [
    momentum(),
    momentum(dampening=0.9),
    momentum(form="sde"),
    momentum(decay=0.97, dampening=0.97, form="sde"),
    momentum(decay=2.0, form="sde", rates="per_time"),
    adam(frozen=0.5),
    adam(frozen=2.0, form="sde"),
    adam(frozen=2.0, form="sde", b1=1.5, b2=1.0, rates="per_time"),
    adam(gradient_noise=0.7, form="sde"),
    adam(gradient_noise=0.7, b2=0.9),
    adam(form="sde", eps=0.8, b2=0.9),
    adam("adam_l2", frozen=0.5, weight_decay=0.3),
    adam("adamw", frozen=0.5, weight_decay=0.3),
    adam("adamprox", frozen=0.5, weight_decay=0.3),
    adam("adamprox", form="sde", gradient_noise=0.7, weight_decay=2.0),
    momentum(dampening=0.9, clip=0.2),
    adam(frozen=0.5, form="sde", clip=1.1),
]


WELLS = ("quadratic", "kinked", "cubic")


@pytest.mark.parametrize(
    ("rule", "well"),
    [(rule, WELLS[k % 3]) for k, rule in enumerate(LINE) if k not in (0, 3, 6)],
    ids=lambda given: given if isinstance(given, str) else f"{given.name}-{given.form}",
)
def test_measure_on_the_line_against_the_recurrence(rule: Any, well: str) -> None:
    slope = {
        "quadratic": lambda x: 4.0 * x,
        "kinked": lambda x: (16.0 if x < 0.0 else 1.0) * x,
        "cubic": lambda x: 2.0 * x + 3.0 * x**3,
    }[well]
    vector = {"quadratic": slope, "kinked": kinked, "cubic": slope}[well]
    ends = (-0.5, 1.0)
    if rule.rates == "per_time" and rule.name == "momentum":
        # A mean with the rate 2 per unit time.
        by_hand = momentum(decay=1.0 - 2.0 * DT, dampening=1.0 - 2.0 * DT, form="sde")
    else:
        by_hand = rule
    left = threshold(by_hand, slope, ends, -1.0, DT)
    right = threshold(by_hand, slope, ends, 1.0, DT)
    prediction = predict(basin(vector, interval(*ends)), rule, noise(), 1e-3, dt=DT)
    expected = two_sided(1.5, left, right)
    assert measure(prediction) == pytest.approx(expected, rel=1e-7)
    assert prediction.rate == pytest.approx(1e-3**1.5 * expected, rel=1e-7)
    assert prediction.mean == pytest.approx(1.0 / prediction.rate)
    assert prediction.corrected_mean is None
    # A rule with another average is told apart, unless jumps come at once and nothing swings.
    if rule.form == "algorithm":
        key = "decay" if rule.name == "momentum" else "b1"
        changed = {**rule.params, key: 0.95}
        if rule.name == "momentum" and rule.params["dampening"]:
            changed["dampening"] = 0.95
        kept = {"form": rule.form, "rates": rule.rates, "clip": rule.clip}
        slower = dynamics(rule.name, **changed, **kept)
        other = predict(basin(vector, interval(*ends)), slower, noise(), 1e-3, dt=DT)
        assert abs(measure(other) / expected - 1.0) > 0.05


def test_momentum_is_the_heavy_ball_in_the_limit_of_small_steps() -> None:
    # dampening = decay = 1 - rho dt: a mean of gradients over 1/rho.
    k, rho, alpha = 4.0, 8.0, 1.5
    exact = two_sided(alpha, 1.0, 1.0) * peak_factor(k / rho) ** alpha
    errors = []
    for dt in (0.01, 0.005, 0.0025):
        b = 1.0 - rho * dt
        rule = momentum(decay=b, dampening=b)
        prediction = predict(quadratic(k, interval(-1.0, 1.0)), rule, noise(), 0.01, dt=dt)
        errors.append(measure(prediction) / exact - 1.0)
    # The step enters at first order: each halving halves the error.
    assert errors[0] / errors[1] == pytest.approx(2.0, abs=0.15)
    assert errors[1] / errors[2] == pytest.approx(2.0, abs=0.08)
    assert abs(2.0 * errors[2] - errors[1]) < 2e-4
    assert peak_factor(k / rho) ** alpha < 0.6


def test_sde_form_swings_to_the_near_boundary() -> None:
    # Averaging over 1/rho per unit time; a jump to the far side comes back past the minimum.
    rho, k = 0.5, 20.0
    swing = overshoot_factor(k / rho)
    rule = momentum(decay=rho, form="sde", rates="per_time")
    well = quadratic(k, interval(-0.2, 1.0))
    exact = two_sided(1.5, 0.2, min(1.0, 0.2 / swing))
    assert swing > 0.5
    assert measure(predict(well, rule, noise(), 0.01)) == pytest.approx(exact, rel=1e-12)
    fine = predict(well, rule, noise(), 0.01, dt=1e-3)
    assert measure(fine) == pytest.approx(exact, rel=2e-3)
    # Without the swing only the boundaries themselves count.
    assert exact > 1.5 * two_sided(1.5, 0.2, 1.0)
    # A quick average follows the flow, and nothing swings.
    quick = momentum(decay=40.0, form="sde", rates="per_time")
    assert measure(predict(well, quick, noise(), 0.01)) == pytest.approx(
        two_sided(1.5, 0.2, 1.0), rel=1e-12
    )


def test_long_memory_in_small_steps_is_cut_at_the_turning_points() -> None:
    # 40 memories are 10 000 steps; two turning points decide, as in the closed form.
    rule = momentum(decay=1.0, form="sde", rates="per_time")
    flat = interval(-0.3, 1.0)
    exact = measure(predict(quadratic(4.0, flat), rule, noise(), 0.01, dt=4e-3))
    bumped = basin(lambda x: 4.0 * x + 1e-7 * x**3, flat)
    followed = predict(bumped, rule, noise(), 0.01, dt=4e-3)
    assert followed.escape_measure is not None
    assert "trajectories" in followed.escape_measure.method
    assert measure(followed) == pytest.approx(exact, rel=1e-6)


# ------------------------------------------------------------------------- preconditioners, decay


def test_frozen_rmsprop_is_sgd_seen_through_its_preconditioner() -> None:
    rule = dynamics("rmsprop", decay=0.99, eps=0.5, frozen=1.5)
    well = basin(lambda x: x + 0.2 * x**3, interval(-0.5, 1.0))
    prediction = predict(well, rule, noise(), 0.02)
    # dX = -F'/q dt + (eps/q) dL: potential over q, noise over q, and with them the correction.
    plain = predict(basin(lambda x: (x + 0.2 * x**3) / 2.0, well.domain), SGD, noise(), 0.01)
    assert prediction.rate == pytest.approx(plain.rate, rel=1e-12)
    assert plain.corrected_mean is not None
    assert prediction.corrected_mean == pytest.approx(plain.corrected_mean, rel=1e-9)
    constant = first_correction(lambda x: (x + 0.2 * x**3) / 2.0, 0.5, 1.0, 1.5, scale=0.5)
    assert constant is not None
    assert prediction.corrected_mean == pytest.approx(
        prediction.mean * (1.0 - constant * 0.02**1.5), rel=1e-9
    )
    assert prediction.relaxation_rate == pytest.approx((1.0, 1.0), rel=1e-6)
    # Both forms are one without averaging, and b1 = 0 is RMSprop.
    for other in (
        dynamics("rmsprop", decay=0.99, eps=0.5, frozen=1.5, form="sde"),
        adam(b1=0.0, eps=0.5, frozen=1.5),
    ):
        assert predict(well, other, noise(), 0.02).corrected_mean == pytest.approx(
            prediction.corrected_mean, rel=1e-12
        )
    # v that moves with the gradient has no such correction.
    moving = dynamics("rmsprop", decay=0.99, eps=0.5, gradient_noise=1.5, form="sde")
    live = predict(well, moving, noise(), 0.02, dt=0.01)
    assert live.rate == pytest.approx(prediction.rate, rel=1e-12)
    assert live.corrected_mean is None


STRETCHED = ("box", "ball", "ellipsoid", "half_space", "custom")
AXES = noise(1.5, [1.0, 0.4])


@pytest.mark.parametrize(
    ("omega", "law"),
    [*((omega, AXES) for omega in STRETCHED), ("ellipsoid", isotropic())],
    ids=lambda given: given if isinstance(given, str) else given.name,
)
def test_frozen_vector_stretches_every_domain(omega: str, law: Any) -> None:
    q = np.array([0.5, 8.0])
    turn = np.array([[2.0, 0.3], [0.3, 1.0]])
    minimum = np.array([0.1, -0.2])
    places = {
        "box": box([-1.0, -0.7], [0.8, 1.2]),
        "ball": ball(2, 1.0),
        "ellipsoid": ellipsoid(np.zeros(2), turn),
        "half_space": half_space([1.0, 2.0], 1.0),
        "custom": custom(2, lambda x: max(abs(x[0]), abs(x[1])) < 1.0),
    }
    places["custom"].outside_many = lambda x: np.abs(x).max(axis=1) >= 1.0
    well = basin(lambda x: x - minimum[:, None] if x.ndim == 2 else x - minimum, places[omega])
    well.minimum = well.start = minimum
    rule = dynamics("rmsprop", decay=0.99, eps=0.0, frozen=q)
    found = predict(well, rule, law, 0.01)
    # The same set by its predicate alone: y leaves where minimum + y/q does.
    plain = custom(
        2, lambda x: not places[omega].outside(minimum + (x - minimum) / q, places[omega].p)
    )
    plain.outside_many = lambda x: places[omega].outside_many(minimum + (x - minimum) / q)
    searched = escape_measure(plain, law, minimum)
    assert measure(found) == pytest.approx(searched.value, rel=2e-5)
    unseen = escape_measure(places[omega], law, minimum)
    assert abs(measure(found) / unseen.value - 1.0) > 0.1


def test_weight_decay_moves_the_point_of_rest() -> None:
    # F = 2 (x - 1)^2: grad F + lambda x = 0 at 4/(4 + lambda); with q also 4/(4 + lambda q).
    well = basin(lambda x: 4.0 * (x - 1.0), interval(0.0, 1.5), [1.0])
    cases = [
        (adam("adam_l2", frozen=2.0, eps=0.0, weight_decay=1.0), 0.8),
        (adam("adamw", frozen=2.0, eps=0.0, weight_decay=1.0), 4.0 / 6.0),
        (adam("adamprox", frozen=2.0, eps=0.0, weight_decay=1.0), 4.0 / 6.0),
        # v = g^2 at rest: |g| = lambda x (|g| + eps), x = 1 - |g|/4.
        (adam("adamw", form="sde", eps=0.5, weight_decay=0.5), None),
        (adam("adamw", form="sde", gradient_noise=0.5, weight_decay=0.5), None),
    ]
    for rule, expected in cases:
        prediction = predict(well, rule, noise(), 1e-3, dt=DT)
        detail = next(a.detail for a in prediction.assumptions if "equilibrium" in a.name)
        rest = float(detail.partition("[")[2].rstrip("]"))
        if expected is not None:
            assert rest == pytest.approx(expected, rel=1e-9)
        slope = lambda x: 4.0 * (x - 1.0)  # noqa: E731
        low, high = reach(rule, slope, 0.0, DT, rest)
        assert max(-low, high) < 1e-8
        ends = well.domain.params["lower"], well.domain.params["upper"]
        left = threshold(rule, slope, ends, -1.0, DT, rest)
        right = threshold(rule, slope, ends, 1.0, DT, rest)
        assert measure(prediction) == pytest.approx(two_sided(1.5, left, right), rel=1e-6)
        assert holds(prediction)["start at the equilibrium"] is False
    # From the minimum itself the measure would be another one.
    still = predict(well, adam("adamw", frozen=2.0, eps=0.0, weight_decay=0.0), noise(), 1e-3, DT)
    assert abs(measure(still) / measure(predict(well, cases[1][0], noise(), 1e-3, DT)) - 1.0) > 0.2


def test_weight_decay_at_a_minimum_at_zero_leaves_the_rest_there() -> None:
    well = quadratic(4.0, interval(-1.0, 1.0))
    rule = adam("adamw", frozen=2.0, eps=0.0, weight_decay=1.0, form="sde")
    prediction = predict(well, rule, noise(), 0.01, dt=DT)
    assert holds(prediction)["start at the minimum"] is True
    assert measure(prediction) == pytest.approx(two_sided(1.5, 2.0, 2.0), rel=1e-9)
    far = basin(lambda x: 4.0 * (x - 1.0), interval(0.9, 1.5), [1.0])
    with pytest.raises(ValueError, match=r"equilibrium of adamw .* is not inside"):
        predict(far, rule, noise(), 0.01, dt=DT)


# -------------------------------------------------------------------------- several dimensions


def test_ball_of_equal_curvature_shrinks_by_the_peak() -> None:
    rule = momentum(dampening=0.9)
    on_line = measure(predict(quadratic(4.0, interval(-1.0, 1.0)), rule, noise(), 0.01, dt=DT))
    sgd_line = two_sided(1.5, 1.0, 1.0)
    for law in (noise(), isotropic()):
        well = quadratic(4.0, ball(10, 1.0))
        plain = measure(predict(well, SGD, law, 0.01))
        heavy = predict(well, rule, law, 0.01, dt=DT)
        assert measure(heavy) == pytest.approx(plain * on_line / sgd_line, rel=1e-10)
        assert on_line / sgd_line < 0.9


def test_coordinates_of_a_box_do_not_meet() -> None:
    k, q = np.array([1.0, 9.0, 4.0]), np.array([1.0, 0.5, 2.0])
    low, high = np.array([-1.0, -0.3, -0.5]), np.array([0.4, 1.0, 0.6])
    rule = adam(frozen=q, form="sde", b1=0.98)
    column = lambda x: k[:, None] * x if x.ndim == 2 else k * x  # noqa: E731
    prediction = predict(basin(column, box(low, high)), rule, noise(), 0.01, dt=DT)
    each = [
        measure(
            predict(
                quadratic(float(k[i]), interval(float(low[i]), float(high[i]))),
                adam(frozen=float(q[i]), form="sde", b1=0.98),
                noise(),
                0.01,
                dt=DT,
            )
        )
        for i in range(3)
    ]
    assert measure(prediction) == pytest.approx(sum(each), rel=1e-12)


@pytest.mark.parametrize("law", [noise(), isotropic()], ids=["axes", "isotropic"])
def test_followed_jumps_in_the_plane_against_closed_forms(law: Any) -> None:
    # The same disc by name, and as a predicate, where every jump is followed.
    rule = momentum(decay=0.95, dampening=0.95)
    closed = predict(quadratic(4.0, ball(2, 1.0)), rule, law, 0.01, dt=DT)
    plain = custom(2, lambda x: x[0] ** 2 + x[1] ** 2 < 1.0)
    plain.outside_many = lambda x: np.sum(x * x, axis=1) >= 1.0
    followed = predict(quadratic(4.0, plain), rule, law, 0.01, dt=DT)
    assert followed.escape_measure is not None
    assert "trajectories" in followed.escape_measure.method
    assert measure(followed) == pytest.approx(measure(closed), rel=1e-6)
    assert (
        abs(measure(followed) / measure(predict(quadratic(4.0, plain), SGD, law, 0.01)) - 1) > 0.1
    )


def test_gradients_of_many_points_are_the_gradients_of_each() -> None:
    # A branch on the coordinate cannot be asked for many points at once.
    def branching(x: Any, p: Any, out: Any) -> None:
        for j in range(len(x)):
            out[j] = (16.0 if x[j] < 0.0 else 1.0) * x[j]

    omega = custom(2, lambda x: min(x) > -0.25 and max(x) < 1.0)
    omega.outside_many = lambda x: (x.min(axis=1) <= -0.25) | (x.max(axis=1) >= 1.0)
    fast = basin(kinked, omega)
    slow = basin(kinked, omega)
    slow.potential = SimpleNamespace(dim=2, gradient=branching, p=np.empty(0))
    own, once = basin(kinked, omega), basin(kinked, omega)
    own.potential = SimpleNamespace(
        dim=2, gradient=branching, p=np.empty(0), gradient_many=lambda x: kinked(x)
    )
    once.potential = SimpleNamespace(
        dim=2, gradient=branching, p=np.empty(0), compiled_gradient=lambda: kinked
    )
    many = [many_gradients(well.potential, np.zeros(2), np.ones(2)) for well in (own, once, slow)]
    assert [at_once for _, at_once in many] == [True, True, False]
    rule = momentum(dampening=0.9)
    wells = (fast, slow, own, once)
    found = [measure(predict(well, rule, noise(), 0.01, dt=DT)) for well in wells]
    assert found == pytest.approx([found[0]] * 4, rel=1e-12)
    line = predict(basin(kinked, interval(-0.25, 1.0)), rule, noise(), 0.01, dt=DT)
    assert found[0] == pytest.approx(2.0 * measure(line), rel=1e-8)


def test_indices_of_a_multifractal_law_add() -> None:
    law = ls.noise.multifractal([1.2, 1.8])
    rule = momentum(dampening=0.9)
    plain = custom(2, lambda x: max(abs(x)) < 1.0)
    rates = [
        predict(quadratic(4.0, omega), rule, law, 0.1, dt=DT).rate
        for omega in (box([-1.0] * 2, [1.0] * 2), plain)
    ]
    one = quadratic(4.0, interval(-1.0, 1.0))
    total = sum(predict(one, rule, noise(a), 0.1, dt=DT).rate or 0.0 for a in (1.2, 1.8))
    assert rates == pytest.approx([total] * 2, rel=1e-6)


# ----------------------------------------------------------------------------------- clipped steps


def clipped(length: float) -> Any:
    return SimpleNamespace(name="sgd", clip=length, rule=Rule())


def test_clipped_jumps_ladder() -> None:
    unit = interval(-1.0, 2.0)
    ladder = [clipped_jumps(unit, noise(), [0.0], b) for b in (5.0, 1.01, 0.99, 0.51, 0.34, 0.3)]
    assert ladder == [1, 1, 2, 2, 3, 4]
    # Only the directions of the jumps count: along (1, 1) the corner of the square is farther.
    square = box([-1.0] * 2, [1.0] * 2)
    diagonal = ls.noise.mixed(1.5, [[1.0], [1.0]])
    assert clipped_jumps(square, noise(), [0.0, 0.0], 0.6) == 2
    assert clipped_jumps(square, diagonal, [0.0, 0.0], 0.6) == 3
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    form = turn @ np.diag([1.0, 16.0]) @ turn.T
    oval = ellipsoid(np.zeros(2), form)
    # The half axes are 1 and 1/4; along the coordinate axes the boundary is farther than 1/4.
    assert clipped_jumps(oval, isotropic(), [0.0, 0.0], 0.26) == 1
    assert clipped_jumps(oval, isotropic(), [0.0, 0.0], 0.24) == 2
    assert clipped_jumps(oval, noise(), [0.0, 0.0], 0.26) == 2
    with pytest.raises(ValueError, match=r"whole multiple of clip = 0\.5"):
        clipped_jumps(unit, noise(), [0.0], 0.5)
    with pytest.raises(ValueError, match="no jump leaves"):
        clipped_jumps(interval(-math.inf, math.inf), noise(), [0.0], 0.5)
    with pytest.raises(ValueError, match=r"clip is 0\.0"):
        clipped_jumps(unit, noise(), [0.0], 0.0)


def test_clipped_sgd_counts_the_near_boundaries() -> None:
    well = quadratic(4.0, interval(-0.5, 1.0))
    one_sided = stable_constant(1.5) / 1.5 * 0.5**-1.5
    near = predict(well, clipped(0.7), noise(), 0.01)
    assert measure(near) == pytest.approx(one_sided, rel=1e-13)
    assert near.corrected_mean is None
    both = predict(well, clipped(1.1), noise(), 0.01)
    assert measure(both) == pytest.approx(two_sided(1.5, 0.5, 1.0), rel=1e-13)
    assert holds(both)["one clipped jump leads out"] is True
    none = predict(well, clipped(0.2), noise(), 0.01)
    assert (none.escape_measure, none.rate, none.mean, none.corrected_rate) == (None,) * 4
    assert none.reason is not None
    assert "l* = 3" in none.reason
    assert "eps^-4.5 " in none.reason
    assert holds(none)["one clipped jump leads out"] is False
    whole = predict(well, clipped(0.5), noise(), 0.01)
    assert whole.rate is None
    assert whole.reason is not None
    assert "whole multiple" in whole.reason
    free = predict(quadratic(4.0, interval(-math.inf, math.inf)), clipped(0.5), noise(), 0.01)
    assert (free.rate, free.mean) == (0.0, math.inf)


def test_clipped_sgd_in_the_plane() -> None:
    # Isotropic noise in a slab of half widths 0.5: a clip of 0.5/cos(theta) leaves a cone.
    theta = 0.8
    slab = box([-0.5, -50.0], [0.5, 50.0])
    found = predict(quadratic(1.0, slab), clipped(0.5 / math.cos(theta)), isotropic(), 0.01)
    angles = np.linspace(-theta, theta, 200_001)
    mean = np.trapezoid(np.cos(angles) ** 1.5, angles) / math.pi * 0.5**-1.5
    constant = escape_measure(ball(2, 1.0), isotropic(), [0.0, 0.0]).value
    assert measure(found) == pytest.approx(constant * mean, rel=1e-5)
    unclipped = predict(quadratic(1.0, slab), SGD, isotropic(), 0.01)
    assert measure(found) < 0.95 * measure(unclipped)
    # The length of the displacement counts, not that of the jump: q = 2 halves it.
    rule = dynamics("rmsprop", decay=0.9, eps=0.0, frozen=2.0, clip=0.5 / math.cos(theta))
    halved = predict(quadratic(1.0, slab), rule, isotropic(), 0.01)
    assert measure(halved) == pytest.approx(2.0**-1.5 * measure(found), rel=1e-5)


def test_clipped_average_walks_out_in_many_steps() -> None:
    # In the algorithm one long jump is spent in many steps of the clip length.
    well = quadratic(1.0, interval(-1.0, 1.0))
    rule = momentum(dampening=0.9, clip=0.2)
    assert measure(predict(well, rule, noise(), 0.01, dt=DT)) > 0.0
    assert measure(predict(well, rule, noise(), 0.01, dt=DT)) < 0.9 * two_sided(1.5, 1.0, 1.0)
    # In the sde form the jump is cut once.
    cut = predict(well, momentum(form="sde", clip=0.2), noise(), 0.01, dt=DT)
    assert cut.rate is None
    assert cut.reason is not None
    assert "no single jump leads out" in cut.reason


# ------------------------------------------------------------------------------ no law, and errors


@pytest.mark.parametrize("name", ["adam", "adam_l2", "adamw", "adamprox"])
def test_coupled_adam_has_no_law(name: str) -> None:
    decay = {} if name == "adam" else {"weight_decay": 0.01}
    for half_width, reached in ((0.02, True), (0.04, False)):
        well = quadratic(1.0, interval(-half_width, half_width))
        prediction = predict(well, adam(name, **decay), noise(), 0.1, dt=1e-3)
        assert prediction.escape_measure is None
        assert prediction.rate is None
        assert prediction.mean is None
        assert prediction.reason is not None
        assert "31.7658 dt = 0.0317658" in prediction.reason
        assert holds(prediction)["one jump reaches the boundary"] is reached
        assert ("scale-free" in prediction.reason) is reached
        assert prediction.relaxation_rate == pytest.approx((1.0, 1.0), rel=1e-6)


def test_other_cases_without_a_law() -> None:
    well = quadratic(4.0, interval(-1.0, 1.0))
    coupled = dynamics("rmsprop", decay=0.99, eps=1e-8)
    prediction = predict(well, coupled, noise(), 0.1, dt=0.01)
    assert prediction.rate is None
    assert prediction.reason is not None
    assert "10 dt = 0.1" in prediction.reason
    zero = predict(well, adam(form="sde", eps=0.0), noise(), 0.1, dt=0.01)
    assert zero.reason is not None
    assert "give eps > 0" in zero.reason
    # With eps = 1e-8 the steps near the minimum are 4e8 dt long; with eps = 1 they are not.
    jumpy = predict(well, adam(form="sde"), noise(), 0.1, dt=0.01)
    assert jumpy.reason is not None
    assert "do not come to rest" in jumpy.reason
    calm = predict(well, adam(form="sde", eps=1.0), noise(), 1e-3, dt=0.01)
    assert measure(calm) == pytest.approx(two_sided(1.5, 1.0, 1.0), rel=1e-6)
    assert holds(calm)["second moment negligible at rest"] is True
    loud = predict(well, adam(form="sde", eps=1.0), noise(), 0.3, dt=0.01)
    assert holds(loud)["second moment negligible at rest"] is False


@pytest.mark.parametrize(
    ("rule", "limit"),
    [
        (momentum(dampening=0.9), 2.0 * 1.9 / 0.1),
        (momentum(), 2.0 * 1.9),
        (adam(frozen=0.5, eps=0.0), 0.5 * 38.0),
        (adam("adamw", frozen=0.5, eps=0.0, weight_decay=10.0), 0.5 * 1.9 / 0.1 * (2.0 - 0.2)),
        (adam("adamprox", frozen=0.5, eps=0.0, weight_decay=10.0), 0.5 * 1.9 / 0.1 * (2.0 + 0.2)),
    ],
    ids=["mean", "heavy ball", "adam", "adamw", "adamprox"],
)
def test_limit_of_stable_steps(rule: Any, limit: float) -> None:
    # k dt at which the recurrence begins to grow; checked by running it on both sides.
    for share, stable in ((0.98, True), (1.02, False)):
        k = share * limit / DT
        prediction = predict(quadratic(k, interval(-1.0, 1.0)), rule, noise(), 1e-4, dt=DT)
        assert (prediction.reason is None) is stable
        low, high = reach(rule, lambda x, k=k: k * x, 1e-3, DT)
        assert (max(high, -low) < 1e3) is stable


def test_noisy_second_moment_is_said_to_fluctuate() -> None:
    well = quadratic(4.0, interval(-1.0, 1.0))
    rule = adam(gradient_noise=2.0, form="sde", eps=0.0)
    assert holds(predict(well, rule, noise(), 1e-3, dt=DT))["second moment constant"] is True
    quick = predict(well, adam(gradient_noise=2.0, form="sde", b2=0.9), noise(), 1e-3, dt=DT)
    assert holds(quick)["second moment constant"] is False
    # The size of the effect: E (v/s^2)^(-alpha/2) for v an average of squares of normals.
    generator = np.random.default_rng(1)
    v = np.ones(20_000)
    for _ in range(200):
        v = 0.9 * v + 0.1 * generator.standard_normal(v.size) ** 2
    values = v**-0.75
    detail = next(a.detail for a in quick.assumptions if a.name == "second moment constant")
    shift = float(detail.partition("by about ")[2].split()[0])
    error = float(np.std(values)) / math.sqrt(v.size)
    # Second order in the fluctuation; the next orders are of its square.
    assert abs(float(np.mean(values)) - 1.0 - shift) < SIGMAS * error + shift**1.5


@pytest.mark.parametrize(
    ("rule", "dt", "message"),
    [
        (
            lambda: momentum(),
            None,
            r"momentum needs the time step: the factor 0.9 of an average is per step",
        ),
        (lambda: adam(frozen=1.0), None, "adam needs the time step: the factor 0.9"),
        (lambda: dynamics("rmsprop", decay=0.9, eps=0.1), None, "rmsprop needs the time step"),
        (lambda: momentum(), -1.0, "dt is -1.0"),
        (lambda: momentum(decay=1.0), 0.1, "average is 1; give a number from 0 to below 1"),
        (lambda: momentum(dampening=1.0), 0.1, "dampening is 1; give"),
        (lambda: momentum(form="ode"), 0.1, "unknown form 'ode'; known"),
        (lambda: momentum(rates="daily"), 0.1, "unknown rates 'daily'; known"),
        (
            lambda: momentum(decay=20.0, form="sde", rates="per_time"),
            0.1,
            "all of itself in a step; give a smaller dt",
        ),
        (
            lambda: adam(frozen=[1.0, 2.0]),
            0.1,
            "2 sizes of the gradient, but the domain has dimension 1",
        ),
        (lambda: adam(gradient_noise=-1.0), 0.1, r"size is -1\.0; give positive"),
        (lambda: adam(eps=-1.0), 0.1, "eps is -1; give 0 or a positive"),
        (lambda: adam("adamw", weight_decay=-0.1), 0.1, r"weight_decay is -0\.1; give"),
        (lambda: Rule(second_moment="gradient"), 0.1, "without the factor of its average"),
        (lambda: clipped(-1.0), None, "clip is -1.0"),
    ],
)
def test_wrong_dynamics(rule: Callable[[], Any], dt: float | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        predict(quadratic(1.0, interval(-1.0, 1.0)), rule(), noise(), 0.1, dt=dt)


def test_followed_motion_needs_the_time_step() -> None:
    rule = momentum(decay=1.0, form="sde", rates="per_time")
    well = basin(kinked, interval(-1.0, 1.0))
    with pytest.raises(ValueError, match="followed step by step; give dt"):
        predict(well, rule, noise(), 0.1)
    assert measure(predict(well, rule, noise(), 0.1, dt=0.01)) > 0.0


def test_gaussian_noise_has_no_jumps_for_any_optimizer() -> None:
    well = quadratic(1.0, interval(-1.0, 1.0))
    for rule in (momentum(), adam(frozen=1.0), clipped(0.3)):
        prediction = predict(well, rule, noise(2.0), 0.1, dt=0.01)
        assert (prediction.rate, prediction.mean) == (0.0, math.inf)


# --------------------------------------------------------------------------------- against paths


def stable(generator: np.random.Generator, alpha: float, size: int) -> Any:
    """Chambers, Mallows & Stuck for a symmetric law."""
    angle = math.pi * (generator.random(size) - 0.5)
    weight = generator.standard_exponential(size)
    return (
        np.sin(alpha * angle)
        / np.cos(angle) ** (1.0 / alpha)
        * (np.cos((1.0 - alpha) * angle) / weight) ** ((1.0 - alpha) / alpha)
    )


def test_mean_exit_time_of_simulated_momentum() -> None:
    alpha, epsilon, dt, paths = 1.5, 0.06, 0.05, 1000
    rule = momentum(dampening=0.9)
    well = quadratic(1.0, interval(-1.0, 1.0))
    prediction = predict(well, rule, noise(alpha), epsilon, dt=dt)
    assert prediction.mean is not None
    generator = np.random.default_rng(20)
    x, m, times = np.zeros(paths), np.zeros(paths), []
    for n in range(1, int(12.0 * prediction.mean / dt)):
        kick = epsilon * dt ** (1.0 / alpha) * stable(generator, alpha, x.size)
        m = 0.9 * m + 0.1 * (x - kick / dt)
        x = x - dt * m
        left = np.abs(x) >= 1.0
        times += [n * dt] * int(np.count_nonzero(left))
        x, m = x[~left], m[~left]
        if x.size == 0:
            break
    ratio = float(np.mean(times)) / prediction.mean
    # The first correction of SGD is 1.6 eps^alpha = 0.024; 0.05 is twice that.
    margin = SIGMAS / math.sqrt(paths) + 0.05
    assert abs(ratio - 1.0) < margin
    # A jump that came at once would be seen: SGD is sooner by p^alpha.
    sgd = predict(well, SGD, noise(alpha), epsilon).mean
    assert sgd is not None
    assert abs(float(np.mean(times)) / sgd - 1.0) > 2.0 * margin
