"""Recurrences with their idle iterations skipped: against exact chains, limits, and Euler."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest

import levysde as ls
from levysde import methods
from levysde.basins import Basin
from levysde.dynamics import Dynamics
from levysde.engine.cpu import skip_engine as engine
from levysde.engine.cpu.passes import NARROW_MAX_DIM
from levysde.engine.program import IdleProgram
from levysde.methods.recurrence import recurrence
from levysde.methods.skip import coupled_paths, quiescence, relaxation_time, skipped_recurrence
from levysde.model import Model
from levysde.noise import Noise

SIGMAS = 4.0
FLAT = ls.basins.flat()
NOISE = ls.noise.independent(1.5)
SGD = ls.dynamics.sgd()
NOISY = ls.dynamics.adam(b2=0.9, eps=1.0, form="sde", gradient_noise=1.0)
SQUARE = Basin(ls.potentials.quadratic(2), ls.domains.box([-1.0] * 2, [1.0, 2.0]), [0.0, 0.0])


def run(
    basin: Basin, dynamics: Dynamics, noise: Noise, epsilon: float, paths: int, **options: Any
) -> ls.EscapeTimes:
    options = {"horizon": 1e12, "seed": 1, **options}
    return ls.escape_times(basin, dynamics, noise, epsilon, paths=paths, method="jump", **options)


def planned(dynamics: Dynamics, epsilon: float, dt: float, basin: Basin = FLAT) -> IdleProgram:
    program = recurrence(Model(basin, dynamics, NOISE, epsilon), dt, seed=0)
    return quiescence.idle_program(basin, NOISE, epsilon, program)


def relative_error(result: ls.EscapeTimes) -> float:
    assert result.escaped == result.paths
    return float(result.times.std()) / result.mean / math.sqrt(result.paths)


def agrees(result: ls.EscapeTimes, exact: float) -> bool:
    return abs(result.mean / exact - 1.0) < SIGMAS * relative_error(result)


# ------------------------------------------------------------------------------------- exact means


@pytest.mark.parametrize(("epsilon", "dt", "paths"), [(0.02, 0.5, 50_000)])
def test_exact_mean_of_the_chain(epsilon: float, dt: float, paths: int) -> None:
    """The recurrence of SGD leaves (-1, 1) in a mean time that is known to nine digits.

    With 0.018 long increments an iteration, at dt = 0.5, pairs of them count: if one came on
    top of all that the iteration has of its own the mean would be 0.9 % too short, which
    800 000 paths show.
    """
    exact = ls.theory.euler_mean_exit_time(
        lambda x: x, -1.0, 1.0, alpha=1.5, epsilon=epsilon, dt=dt
    )
    result = run(FLAT, SGD, NOISE, epsilon, paths, dt=dt)
    assert relative_error(result) < 0.005
    assert agrees(result, exact)
    assert not agrees(result, 1.03 * exact)


OPTIMIZERS = {
    "sgd, clip": ls.dynamics.sgd(clip=1.5),
    "momentum": ls.dynamics.momentum(0.9),
    "momentum, sde": ls.dynamics.momentum(0.9, form="sde"),
    "rmsprop": ls.dynamics.rmsprop(frozen=2.0),
    "adam": ls.dynamics.adam(frozen=2.0),
    "adam_l2": ls.dynamics.adam_l2(weight_decay=0.5, frozen=1.0),
    "adamw": ls.dynamics.adamw(weight_decay=0.5, frozen=1.0),
    "adamw, sde": ls.dynamics.adamw(weight_decay=0.5, frozen=1.0, form="sde"),
    "adamprox": ls.dynamics.adamprox(weight_decay=0.5, frozen=1.0),
    "adamprox, per_time": ls.dynamics.adamprox(
        b1=2.0, b2=0.1, weight_decay=0.5, frozen=1.0, form="sde", rates="per_time"
    ),
    "rmsprop, coupled": ls.dynamics.rmsprop(decay=0.9, eps=1.0, form="sde"),
    "adam, coupled": ls.dynamics.adam(b2=0.9, eps=1.0, form="sde"),
    "adam, noisy": ls.dynamics.adam(b2=0.99, form="sde", gradient_noise=1.0),
}


FEW_OPTIMIZERS = [name for name in OPTIMIZERS if name not in ("momentum, sde", "adamw", "adamprox")]
"""Those of the suite, one form of each."""


@pytest.mark.parametrize("paths", [1500])
@pytest.mark.parametrize("name", FEW_OPTIMIZERS)
def test_small_noise_limit_of_optimizers(name: str, paths: int) -> None:
    """Rate times E Gamma is 1 at eps = 1e-4, where Euler would need 1e8 steps for an exit.

    The fluctuation of a noisy v, (1 - b2)/(1 + b2) of its square, raises the rate by 0.7 %.
    """
    dynamics, dt = OPTIMIZERS[name], 0.02
    rate = ls.theory.predict(FLAT, dynamics, NOISE, 1e-4, dt=dt).rate
    assert rate is not None
    result = run(FLAT, dynamics, NOISE, 1e-4, paths, dt=dt)
    allowed = SIGMAS / math.sqrt(paths) + 0.007 * (name[-1] == "y")
    assert abs(result.mean * rate - 1.0) < allowed < abs(1.2 * result.mean * rate - 1.0)
    assert result.dt == dt
    assert result.exit_times is None


@pytest.mark.parametrize(
    "noise",
    [
        ls.noise.independent(1.5, scale=[1.0, 0.5], beta=[0.8, -0.4]),
        ls.noise.mixed(1.2, [[1.0, 0.5, 0.0], [0.0, 0.5, 0.4]]),
        ls.noise.spectral(1.5, [[1.0, 0.0], [3.0, 4.0]], [1.0, 0.5]),
        ls.noise.isotropic(0.8),
        ls.noise.elliptic(1.5, [[1.0, 0.3, 0.0], [0.2, 0.5, 0.1]]),
        ls.noise.multifractal([1.2, 1.8], [1.0, 0.5]),
    ],
    ids=lambda law: law.name,
)
def test_small_noise_limit_of_laws(noise: Noise) -> None:
    epsilon = 1e-4
    rate = ls.theory.escape_rate(SQUARE.domain, noise, SQUARE.minimum, epsilon)
    result = run(SQUARE, SGD, noise, epsilon, 1500, dt=0.1)
    assert agrees(result, 1.0 / rate)
    assert not agrees(result, 1.2 / rate)


@pytest.mark.parametrize("order", [-1])
def test_a_slow_coordinate_among_fast_ones(order: int) -> None:
    """Skewed jumps along it add up: they are remembered for log(200)/(0.2 dt) iterations."""
    rates, scales = [5.0, 5.0, 5.0, 0.2][::order], [0.05, 0.05, 0.05, 1.0][::order]
    noise = ls.noise.independent(1.5, scale=scales, beta=[0.0, 0.0, 0.0, 1.0][::order])
    box = ls.domains.box([-1.0] * 4, [1.0] * 4)
    basin = Basin(ls.potentials.quadratic(4, rates), box, [0.0] * 4)
    result = run(basin, SGD, noise, 1e-4, 3000, dt=0.1)
    assert agrees(result, 1.0 / ls.theory.escape_rate(box, noise, basin.minimum, 1e-4))
    assert result.parameters["memory"] > 175


def test_a_coordinate_that_answers_strongly() -> None:
    """Q = 1 along the longest axis, 10 along the others: the threshold is that of the first."""
    box = ls.domains.box([-1.0] * 4, [1.0, 1.0, 1.0, 1.1])
    basin = Basin(ls.potentials.quadratic(4), box, [0.0] * 4)
    dynamics = ls.dynamics.rmsprop(frozen=[10.0, 10.0, 10.0, 1.0])
    rate = ls.theory.predict(basin, dynamics, NOISE, 1e-4, dt=0.4).rate
    assert rate is not None
    assert agrees(run(basin, dynamics, NOISE, 1e-4, 1500, dt=0.4), 1.0 / rate)


def dead_zone(j, x, m, v, g, dL, dt, t, p):  # type: ignore[no-untyped-def]
    return x - dt * g + (dL if abs(dL) > 0.4 else 0.0), m, v


def shrunk(j, x, m, v, g, dL, dt, t, p):  # type: ignore[no-untyped-def]
    return x - dt * g + dL / 20.0, m, v


def test_updates_of_the_user() -> None:
    """Small increments that do nothing at all; a default horizon long enough for another law."""
    well = (lambda x: x, -1.0, 1.0)
    exact = ls.theory.euler_mean_exit_time(*well, alpha=1.5, epsilon=0.02, dt=0.1)
    made = run(FLAT, Dynamics("dead zone", dead_zone), NOISE, 0.02, 3000, dt=0.1)
    assert made.mean == pytest.approx(exact, rel=0.1)
    slow = run(FLAT, Dynamics("shrunk", shrunk), NOISE, 1e-3, 400, dt=0.1, horizon=None)
    assert slow.escaped == 400
    assert agrees(slow, (2e4) ** 1.5 / 0.39894228)


def test_both_layouts_of_a_block() -> None:
    """In 33 dimensions paths are stored one by one: 33 exit distances on either side."""
    basin = ls.basins.flat(NARROW_MAX_DIM + 1)
    exact = 1e6 / ls.theory.escape_rate(basin.domain, NOISE, basin.minimum, 1.0)
    assert agrees(run(basin, SGD, NOISE, 1e-4, 1500, dt=0.2), exact)


@pytest.mark.parametrize("paths", [500])
def test_two_clipped_jumps(paths: int) -> None:
    """Pairs of jumps within a relaxation time: no iteration between them is skipped."""
    clipped = ls.dynamics.sgd(clip=0.6)
    made = run(FLAT, clipped, NOISE, 0.1, paths, dt=0.02)
    euler = ls.escape_times(FLAT, clipped, NOISE, 0.1, paths, dt=0.02, seed=7, horizon=1e6)
    assert not differ(made, euler)
    # The twin has no time to relax: it waits for the next jump where the last one has led.
    hasty = dataclasses.replace(planned(clipped, 0.1, 0.02), relaxation=3)
    outcome = engine.allocate(paths, 1)
    engine.escape(hasty, outcome, 0, paths, 1 << 40)
    assert outcome.steps.mean() * 0.02 < 0.8 * euler.mean


def differ(one: ls.EscapeTimes, other: ls.EscapeTimes) -> bool:
    error = math.hypot(relative_error(one), relative_error(other))
    return abs(one.mean / other.mean - 1.0) > SIGMAS * error


COUPLED = {
    "algorithm": (ls.dynamics.adam(eps=1.0), 0.03, 0.1),
    "sde": (ls.dynamics.adam(b2=0.99, eps=1.0, form="sde"), 0.05, 0.02),
    "noisy": (ls.dynamics.adamprox(b2=0.99, form="sde", gradient_noise=1.0), 0.05, 0.02),
}


@pytest.mark.parametrize("paths", [600])
@pytest.mark.parametrize("name", ["algorithm", "noisy"])
def test_coupled_second_moments_agree_with_euler(name: str, paths: int) -> None:
    dynamics, epsilon, dt = COUPLED[name]
    made = run(FLAT, dynamics, NOISE, epsilon, paths, dt=dt)
    euler, louder = (
        ls.escape_times(FLAT, dynamics, NOISE, size, paths, dt=dt, seed=5, horizon=1e7)
        for size in (epsilon, 1.25 * epsilon)
    )
    assert not differ(made, euler)
    assert differ(made, louder)


# --------------------------------------------------------------------------------- what is measured


@pytest.mark.parametrize("dt", [0.01, 0.1])
def test_memory_of_sgd(dt: float) -> None:
    """A displacement shrinks by 1 - dt: from the boundary to 0.005 in log(200)/-log(1 - dt)."""
    found = planned(SGD, 1e-4, dt)
    exact = math.log(200.0) / -math.log1p(-dt)
    assert found.threshold == pytest.approx(0.1, rel=0.01)
    assert 0.7 * exact < found.relaxation < 1.06 * exact + 1.0


@pytest.mark.parametrize("dynamics", [SGD, NOISY, ls.dynamics.adam(b2=0.9, eps=1.0)])
def test_looks_may_be_judged_one_by_one(
    dynamics: Dynamics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those judged in one go, and those of lanes that are too many for it, show the same."""
    many = planned(dynamics, 1e-4, 0.1)
    monkeypatch.setattr(coupled_paths, "_LOOKED_AT", 1)
    one = planned(dynamics, 1e-4, 0.1)
    assert many.relaxation > 10
    for fact in ("threshold", "relaxation", "settled", "radius"):
        assert getattr(one, fact) == getattr(many, fact)


def test_settling_of_a_second_moment() -> None:
    """sqrt(1 - b2^n) is within a hundredth of 1 after log(0.02)/log(b2) iterations."""
    found = planned(ls.dynamics.adam(b2=0.99, form="sde", gradient_noise=1.0), 1e-4, 0.02)
    exact = math.log(0.0199) / math.log(0.99)
    assert 0.9 * exact < found.settled < 1.06 * exact


def test_threshold_of_an_optimizer_is_that_of_its_answer() -> None:
    """A frozen Q = 4 divides every jump by 4."""
    found = planned(ls.dynamics.rmsprop(frozen=4.0), 1e-4, 0.01)
    assert found.threshold == pytest.approx(0.4, rel=0.01)


def test_share_of_idle_iterations() -> None:
    found = planned(SGD, 1e-3, 0.05)
    outcome = engine.allocate(4000, 1)
    done = engine.escape(found, outcome, 0, 4000, 1 << 40)
    share = 1.0 - done / outcome.steps.sum()
    assert share == pytest.approx(quiescence.idle_share(found), abs=0.002)


def test_paths_are_those_of_euler_until_they_idle() -> None:
    """The same noise at the same address: early exits are the same, step for step."""
    found = planned(SGD, 0.05, 0.1)
    euler = ls.escape_times(FLAT, SGD, NOISE, 0.05, paths=20_000, dt=0.1, seed=1)
    early = euler.steps <= found.relaxation
    assert early.sum() > 200
    assert (run(FLAT, SGD, NOISE, 0.05, 20_000, dt=0.1).steps[early] == euler.steps[early]).all()


def test_time_of_an_exit_does_not_depend_on_epsilon() -> None:
    done = []
    for epsilon in (1e-2, 1e-4, 1e-6):
        outcome = engine.allocate(2000, 1)
        done.append(engine.escape(planned(SGD, epsilon, 0.05), outcome, 0, 2000, 1 << 46))
    assert max(done) < 1.25 * min(done)


# ----------------------------------------------------------------------------------- run as a whole


def test_digest_does_not_depend_on_threads_lanes_or_pieces() -> None:
    basin, noise = ls.basins.flat(2), ls.noise.isotropic(1.5)
    options: dict[str, Any] = {"dt": 0.2}
    one = run(basin, SGD, noise, 1e-3, 200, threads=1, **options)
    part = run(basin, SGD, noise, 1e-3, 90, threads=2, **options)
    assert run(basin, SGD, noise, 1e-3, 200, threads=2, resume=part, **options).digest == one.digest
    assert run(basin, SGD, noise, 1e-3, 200, **(options | {"seed": 2})).digest != one.digest
    program = recurrence(Model(basin, SGD, noise, 1e-3), 0.2, seed=1)
    found = quiescence.idle_program(basin, noise, 1e-3, program)
    for lanes in (8, 24):
        outcome = engine.allocate(200, 2)
        engine.escape(found, outcome, 0, 200, 1 << 46, lanes=lanes)
        assert (outcome.steps == one.steps).all()
        assert (outcome.position == one.exit_position).all()


def test_horizon_censors() -> None:
    """Exponential with the mean 1e6/0.39894228; the horizon is reached without steps one by one."""
    result = run(FLAT, SGD, NOISE, 1e-4, 4000, dt=0.1, horizon=2e6)
    assert result.times.max() == pytest.approx(2e6, rel=1e-9)
    share = math.exp(-2.0 * 0.39894228)
    assert abs(result.censored / 4000 - share) < SIGMAS * math.sqrt(share * (1.0 - share) / 4000)
    low, high = result.mean_interval(0.9999)
    assert low < 1e6 / 0.39894228 < high


def test_result_is_kept_and_refined(tmp_path: Any) -> None:
    """Thresholds rho, rho/2, rho/4 on the same grid; the mean does not change."""
    result = run(FLAT, SGD, NOISE, 0.008, 2000, dt=0.2)
    copy = ls.load(result.save(tmp_path / "run"))
    assert copy.digest == result.digest
    assert copy.parameters["memory"] == result.parameters["memory"]
    limit = ls.refine(copy)
    assert limit.threshold is not None
    assert limit.threshold == pytest.approx(result.parameters["threshold"] / np.array([1, 2, 4]))
    assert (limit.dt == 0.2).all()
    exact = ls.theory.euler_mean_exit_time(lambda x: x, -1.0, 1.0, alpha=1.5, epsilon=0.008, dt=0.2)
    assert abs(limit.extrapolated - exact) < SIGMAS * limit.extrapolated_error


# ----------------------------------------------------------------------------------------- refusals


def scheduled(j, x, m, v, g, dL, dt, t, p):  # type: ignore[no-untyped-def]
    return x + (dL - dt * g) / (1.0 + t), m, v


def periodic(j, x, m, v, g, dL, dt, t, p):  # type: ignore[no-untyped-def]
    return x + (1.0 - 0.9 * math.cos(math.pi * t / 2.56)) * (dL - dt * g), m, v


def annealed(j, x, m, v, g, dL, dt, t, p):  # type: ignore[no-untyped-def]
    return x + dL - dt * g * (1.0 if t < 1e3 else 0.02), m, v


def driftless(x: Any, p: Any, out: Any) -> None:
    out[0] = 0.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"noise": ls.noise.independent(2.0)}, "has none; use method='euler'"),
        ({"dynamics": ls.dynamics.adam(), "dt": "auto"}, "few are idle; use method='euler'"),
        ({"dynamics": ls.dynamics.sgd(clip=0.05)}, "takes many; use method='euler'"),
        ({"dynamics": Dynamics("scheduled", scheduled)}, "not forgotten"),
        ({"dynamics": Dynamics("periodic", periodic)}, "not forgotten"),
        ({"dynamics": Dynamics("annealed", annealed)}, "paths leave before"),
        ({"noise": ls.noise.independent(1.99), "epsilon": 0.25}, "small increments alone leave"),
        ({"epsilon": 0.1, "dt": 0.5}, "two often come at once"),
        ({"epsilon": 0.5}, "use method='euler'"),
        ({"threshold": 2.0}, "more than half of the exit distance"),
        ({"threshold": -1.0}, "threshold is -1"),
        ({"small_jumps": "dropped"}, "on a grid they are simulated"),
        ({"small_jumps": "some"}, "small_jumps"),
        (
            {"basin": Basin(ls.Potential(1, driftless), ls.domains.interval(-1.0, 1.0), 0.0)},
            "nothing drives paths back",
        ),
    ],
)
def test_refusals(options: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What never forgets is watched for 2^14 iterations; in 2^20 it does not forget either."""
    if words == "not forgotten":
        monkeypatch.setattr(quiescence, "LONGEST_WINDOW", 1 << 14)
    given: dict[str, Any] = {
        "basin": FLAT, "dynamics": SGD, "noise": NOISE, "epsilon": 1e-2, "paths": 10, "dt": 0.02,
        "method": "jump", "horizon": 1e9,
    }  # fmt: skip
    with pytest.raises(ValueError, match=words):
        ls.escape_times(**(given | options))


@pytest.mark.parametrize("unit", [7.0, 1e4, 3e8])
def test_memory_does_not_depend_on_the_unit_of_the_gradient(unit: float) -> None:
    def in_units_of(unit: float) -> IdleProgram:
        well = ls.Basin(ls.potentials.quadratic(1, unit), ls.domains.interval(-1.0, 1.0), 0.0)
        dynamics = ls.dynamics.adamw(frozen=unit, weight_decay=0.01, eps=0.0)
        program = recurrence(Model(well, dynamics, NOISE, 1e-3 * unit), 0.1, seed=0)
        return quiescence.idle_program(well, NOISE, 1e-3 * unit, program)

    expected, found = in_units_of(1.0), in_units_of(unit)
    assert found.relaxation == expected.relaxation
    assert found.threshold == pytest.approx(unit * expected.threshold, rel=1e-6)


@pytest.mark.filterwarnings("error")
def test_averages_over_variates_of_the_dynamics_differ_by_chance() -> None:
    """With eps = 0 by so much that no start seemed to be forgotten."""
    dynamics = ls.dynamics.adam(b1=0.5, b2=0.9, eps=0.0, form="sde", gradient_noise=0.5)
    found = [
        ls.escape_times(
            FLAT, dynamics, NOISE, 0.003, dt=0.1, paths=600, horizon=1e6, seed=seed, method=method
        )
        for seed, method in enumerate(("euler", "jump"))
    ]
    errors = [relative_error(result) for result in found]
    assert abs(found[1].mean / found[0].mean - 1.0) < SIGMAS * math.hypot(*errors)


@pytest.mark.parametrize("dim", [1, 4])
def test_a_memory_that_is_too_long_is_refused_before_it_is_measured(
    dim: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 10^5 iterations and more, for jumps that come every 3000."""
    watched, windows = relaxation_time._watched, []

    def counting(*arguments: Any) -> relaxation_time.Relaxation:
        windows.append(arguments[5])
        return watched(*arguments)

    monkeypatch.setattr(relaxation_time, "_watched", counting)
    dynamics = ls.dynamics.adam(b2=1.0 - 1e-4)
    with pytest.raises(ValueError, match=r"for more than .* few are idle"):
        planned(dynamics, 0.01, 0.01, ls.basins.flat(dim=dim))
    assert max(windows) < 100_000


def test_auto_skips_what_is_idle() -> None:
    def choose(dynamics: Dynamics, epsilon: float, dt: Any, **more: Any) -> methods.Plan:
        request = methods.Request(dt, seed=0, **more)
        return methods.prepare("auto", Model(FLAT, dynamics, NOISE, epsilon), request)

    chosen = choose(ls.dynamics.momentum(), 1e-3, "auto")
    assert chosen.method == "jump"
    assert "% of iterations are idle" in chosen.parameters["method_reason"]
    assert choose(SGD, 1e-3, 0.01, correction="boundary-shift").method == "jump"
    loud = choose(SGD, 0.1, 0.01)
    assert loud.method == "euler"
    assert loud.reason is not None
    assert "11" in loud.reason
    many = choose(ls.dynamics.adam(), 0.1, "auto")
    assert (many.method, many.parameters["method_reason"]) == ("euler", many.reason)
    assert many.reason is not None
    assert many.reason.endswith("so that few are idle")
    assert choose(SGD, 1e-3, 0.01, scheme="flow").method == "euler"


@pytest.mark.parametrize(
    ("dynamics", "epsilon"), [(SGD, 3e-3), (ls.dynamics.adamw(frozen=1.0), 1e-3)]
)
def test_costs_on_a_grid(dynamics: Dynamics, epsilon: float) -> None:
    """Iterations that are not skipped, against those of all, as they were counted."""
    found = ls.costs.estimate(FLAT, dynamics, NOISE, epsilon, 0.05)
    assert found.jump.error == found.euler.error < 0.01
    result = run(FLAT, dynamics, NOISE, epsilon, 500, dt=0.05)
    counted = 1e8 * found.euler.seconds  # at the nanoseconds per iteration that are assumed
    assert abs(counted / result.steps.mean() - 1.0) < 0.05 + SIGMAS * relative_error(result)
    assert found.jump.seconds < 0.05 * found.euler.seconds
    with pytest.raises(ValueError, match="idle; use method='euler'"):
        ls.costs.estimate(FLAT, dynamics, NOISE, 0.3, 0.05)


def test_costs_are_not_measured_for_long() -> None:
    """A memory of a million iterations: the window ends before."""
    with pytest.raises(ValueError, match="not forgotten within 5461 iterations"):
        ls.costs.estimate(FLAT, SGD, NOISE, 1e-3, 1e-5)


def test_costs_know_the_noise_that_reaches_x() -> None:
    """Divided by Q = 10 it is felt as a tenth, as continuous time has it."""
    divided = ls.dynamics.rmsprop(form="sde", rates="per_time", frozen=10.0)
    step = ls.automatic_dt(FLAT, divided)
    given, automatic = (ls.costs.estimate(FLAT, divided, NOISE, 0.01, dt) for dt in (step, "auto"))
    assert given.euler.error == automatic.euler.error


def test_what_auto_has_measured_is_what_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[IdleProgram] = []

    def counting(*arguments: Any) -> IdleProgram:
        made.append(quiescence.idle_program(*arguments))
        return made[-1]

    monkeypatch.setattr(skipped_recurrence, "idle_program", counting)
    ls.escape_times(FLAT, SGD, NOISE, 1e-3, dt=0.01, paths=2, method="auto")
    assert len(made) == 1


def test_horizon_where_no_law_is_known() -> None:
    """A thousand long increments, not 100 000 steps."""
    dynamics = ls.dynamics.adam(eps=1.0)
    result = ls.escape_times(FLAT, dynamics, NOISE, 1e-3, paths=200, dt=0.1, method="jump")
    assert result.parameters["horizon"] > 1e5
    assert result.escaped > 190


def test_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    from levysde.cli import main

    words = ["escape", "--basin", "flat", "--epsilon", "1e-4", "--paths", "500", "--quiet"]
    words += ["--method", "jump", "--dt", "0.1"]
    assert main([*words, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["method"], record["dt"]) == ("jump", 0.1)
    assert record["memory"] > 30
    assert record["ratio_ci95"][0] < 1.05
    assert record["ratio_ci95"][1] > 0.95
    assert main([*words, "--dynamics", "momentum"]) == 0
    text = capsys.readouterr().out
    assert "remembered for" in text
    assert "idle ones skipped" in text
    assert main([*words, "--small-jumps", "dropped"]) == 2
    assert "on a grid they are simulated" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- units

ADAPTIVE = {
    "adamw frozen": lambda c: ls.dynamics.adamw(b1=0.5, frozen=c, eps=0.0),
    "adamprox": lambda c: ls.dynamics.adamprox(b1=0.5, b2=0.9, weight_decay=0.1, eps=c),
}


def in_units(name: str, c: float) -> ls.EscapeTimes:
    """The loss and its noise, times c."""
    well = Basin(ls.potentials.quadratic(1, curvature=c), ls.domains.interval(-1.0, 1.0), [0.0])
    law = ls.noise.independent(1.5, c)
    return ls.escape_times(
        well, ADAPTIVE[name](c), law, 1e-4, paths=200, dt=0.5, horizon=1e9, method="jump"
    )


@pytest.mark.parametrize("name", ADAPTIVE)
def test_scale_free_optimizers_are_served_alike_in_any_units_of_the_gradient(name: str) -> None:
    one = in_units(name, 1.0)
    assert one.escaped > 100
    for c in (2.0**-27, 2.0**27):  # about 1e-8 and 1e8, and exact in binary arithmetic
        other = in_units(name, c)
        assert other.digest == one.digest
        assert other.parameters["threshold"] == c * one.parameters["threshold"]
        assert other.parameters["memory"] == one.parameters["memory"]
    for c in (1e-8, 1e8):
        other = in_units(name, c)
        assert other.parameters["threshold"] == pytest.approx(c * one.parameters["threshold"], 0.1)
        error = math.hypot(one.mean / math.sqrt(200), other.mean / math.sqrt(200))
        assert abs(other.mean - one.mean) < 4.0 * error


def test_a_potential_without_force_is_refused_for_that() -> None:
    free = Basin(ls.potentials.quadratic(1, curvature=0.0), ls.domains.interval(-1.0, 1.0), [0.0])
    for rule in (ls.dynamics.sgd(), ls.dynamics.adam(frozen=1.0)):
        with pytest.raises(ValueError, match="nothing drives paths back to the minimum"):
            ls.escape_times(
                free, rule, ls.noise.independent(1.5), 1e-3, paths=1, dt=0.1, method="jump"
            )
    flat = {"form": "sde", "rates": "per_time"}
    for slow in (ls.dynamics.momentum(**flat), ls.dynamics.rmsprop(frozen=1.0, **flat)):
        with pytest.raises(ValueError, match="needs a curvature at the minimum"):
            ls.escape_times(free, slow, ls.noise.independent(1.5), 1e-3, paths=1, method="jump")


def test_few_coupled_paths_show_that_nothing_is_forgotten(monkeypatch):
    """Windows that are too short are watched on one ray; what forgets nothing on no other."""
    watched, real = [], relaxation_time._watched

    def watch(basin, program, rays, ways, size, *more):
        watched.append(len(rays))
        return real(basin, program, rays, ways, size, *more)

    monkeypatch.setattr(relaxation_time, "_watched", watch)
    monkeypatch.setattr(quiescence, "LONGEST_WINDOW", 1 << 14)
    basin, law = ls.basins.flat(2), ls.noise.isotropic(1.5)
    for decay, forgets in ((0.9, True), (1.0 - 1e-7, False)):
        watched.clear()
        chain = recurrence(Model(basin, ls.dynamics.momentum(decay), law, 1e-4), 0.01, seed=0)
        if forgets:
            quiescence.idle_program(basin, law, 1e-4, chain)
        else:
            with pytest.raises(ValueError, match="not forgotten"):
                quiescence.idle_program(basin, law, 1e-4, chain)
        assert watched[0] == 1
        assert (max(watched) > 1) == forgets
