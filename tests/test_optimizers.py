"""Optimizers against references from the papers, PyTorch's own paths and exact invariances."""

import dataclasses
import functools
import itertools
import math
import pickle
from pathlib import Path

import naive
import numpy as np
import pytest
from conftest import SIGMAS
from scipy import stats

import levysde as ls
from levysde import domains, potentials
from levysde.spec import build

DIM = 3
DT = 2.0**-5
CURVATURE = np.array([0.5, 2.0, 8.0])
START = np.array([0.8, -0.5, 0.3])
FROZEN = np.array([0.4, 1.5, 3.0])
POWERS_OF_TWO = np.array([2.0**-20, 2.0, 2.0**11])
"""By such numbers 64-bit floats are multiplied and divided exactly."""

ADAMS = ("adam", "adam_l2", "adamw", "adamprox")
NAMES = ("sgd", "momentum", "rmsprop", *ADAMS)
WITHOUT_LAWS = ("nesterov", "nadam", "signsgd", "lion", "adagrad")

RNG = np.random.default_rng(1976)
INCREMENTS = 0.03 * RNG.standard_t(1.5, (50, DIM))
NORMALS = RNG.standard_normal((50, DIM))
NO_NOISE = np.zeros((50, DIM))

ADAM_OPTIONS = {
    "algorithm": {"b1": 0.8, "b2": 0.95, "eps": 0.01},
    "algorithm, frozen": {"frozen": FROZEN},
    "sde": {"form": "sde"},
    "sde, per time": {"form": "sde", "rates": "per_time", "b1": 3.0, "b2": 0.5},
    "sde, frozen": {"form": "sde", "frozen": FROZEN, "eps": 0.1},
    "sde, noisy": {"form": "sde", "gradient_noise": 0.7, "b2": 0.9},
}
RMSPROP_OPTIONS = {
    "algorithm": {"eps": 0.01},
    "corrected": {"bias_correction": True, "decay": 0.9},
    "frozen": {"frozen": FROZEN},
    "sde": {"form": "sde"},
    "sde, per time": {"form": "sde", "rates": "per_time", "decay": 0.5, "bias_correction": True},
    "sde, noisy": {"form": "sde", "gradient_noise": 0.7},
}
MOMENTUM_OPTIONS = {
    "algorithm": {},
    "dampened": {"decay": 0.8, "dampening": 0.3},
    "sde": {"form": "sde"},
    "sde, per time": {"form": "sde", "rates": "per_time", "decay": 3.0},
}
CASES = {
    "sgd": ("sgd", {}),
    **{f"momentum: {key}": ("momentum", options) for key, options in MOMENTUM_OPTIONS.items()},
    **{f"rmsprop: {key}": ("rmsprop", options) for key, options in RMSPROP_OPTIONS.items()},
    **{
        f"{name}: {key}": (name, options if name == "adam" else {"weight_decay": 0.3, **options})
        for name in ADAMS
        for key, options in ADAM_OPTIONS.items()
    },
}
each_case = pytest.mark.parametrize(("name", "options"), CASES.values(), ids=CASES)


def make(name, **options):
    return getattr(ls.dynamics, name)(**options)


def stepper(dynamics, n, dt=DT):
    """The uncompiled update at step n: `step(j, x, m, v, g, dL, z=0.0)`."""
    p, t = dynamics.step_parameters(dt, DIM), n * dt
    corrections = () if dynamics.clock is None else dynamics.clock(t, dt, p)

    def step(j, x, m, v, g, dL, z=0.0):
        normal = (z,) if dynamics.normal else ()
        return dynamics.update(j, x, m, v, g, dL, dt, t, p, *corrections, *normal)

    return step


def walk(dynamics, increments, curvature=CURVATURE, start=START, dt=DT):
    """All iterates of the uncompiled update on a quadratic."""
    path, memory = [start], [(0.0, 0.0)] * len(start)
    for n, dL in enumerate(increments):
        step, z = stepper(dynamics, n, dt), NORMALS[n % len(NORMALS)]
        x, g = path[-1].copy(), curvature * path[-1]
        for j in range(len(x)):
            now = (float(value) for value in (x[j], *memory[j], g[j], dL[j], z[j]))
            x[j], *memory[j] = step(j, *now)
        path.append(x)
    return np.array(path)


def reference(name, options, increments, clip=math.inf, curvature=CURVATURE):
    """All iterates by the formulas of the papers."""
    move = getattr(naive, f"{name}_move")(DT, **options)
    start = np.resize(START, len(curvature))
    normals = NORMALS if "gradient_noise" in options else None
    return naive.optimizer_path(move, start, lambda x: curvature * x, increments, normals, clip)


def assert_close(path, expected, tolerance=1e-12):
    assert path.shape == expected.shape
    assert (np.abs(path - expected) <= tolerance * np.maximum(1.0, np.abs(expected))).all()


def basin_of(potential, start):
    box = domains.box([-2.0] * potential.dim, [2.0] * potential.dim)
    return ls.Basin(potential, box, np.zeros(potential.dim), start=start)


def simulated(dynamics, curvature=CURVATURE, scale=1.0, epsilon=0.3, **options):
    """Paths of the compiled simulation in the same quadratic."""
    dim, noise = len(curvature), ls.noise.independent(1.5, scale)
    basin = basin_of(potentials.quadratic(dim, curvature), np.resize(START, dim))
    options = {"paths": 3, "steps": 50, "dt": DT, "seed": 5} | options
    return ls.trajectories(basin, dynamics, noise, epsilon, **options).positions


@functools.cache
def drawn(path, dim=DIM, steps=50):
    """The increments of a simulated path."""
    part = ls.noise.independent(1.5).part(dim, 0.3, DT)
    numbers = [(np.uint64(5), np.uint64(path), np.uint64(n)) for n in range(steps)]
    return np.array([naive.noise_increments(part, dim, *number) for number in numbers])


# --------------------------------------------------------------------------- the papers' formulas


@each_case
def test_steps_are_the_formulas(name, options):
    dynamics = make(name, **options)
    assert_close(walk(dynamics, INCREMENTS[:1]), reference(name, options, INCREMENTS[:1]))
    assert_close(walk(dynamics, INCREMENTS), reference(name, options, INCREMENTS))


def test_no_two_cases_have_the_same_path():
    """Each hyperparameter, form and rule makes a difference that the comparison would see."""
    paths = {case: reference(*CASES[case], INCREMENTS) for case in CASES}
    for one, other in itertools.combinations(paths, 2):
        assert np.abs(paths[one] - paths[other]).max() > 1e-4, (one, other)


@pytest.mark.parametrize(
    "case", [key for key, (name, options) in CASES.items() if "gradient_noise" not in options]
)
def test_simulation_follows_the_formulas(case):
    name, options = CASES[case]
    positions = simulated(make(name, **options))
    for path in range(3):
        assert_close(positions[path], reference(name, options, drawn(path)))


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_clipped_displacements_are_never_longer(name):
    """The whole displacement, all coordinates together, keeps its direction."""
    clip = 0.05
    positions = simulated(dataclasses.replace(make(name), clip=clip))
    lengths = np.linalg.norm(np.diff(positions, axis=1), axis=2)
    assert lengths.max() <= clip * (1.0 + 1e-12)
    assert (lengths > clip * (1.0 - 1e-12)).any()
    assert (lengths < 0.99 * clip).any()
    for path in range(3):
        assert_close(positions[path], reference(name, {}, drawn(path), clip))
    assert np.linalg.norm(np.diff(simulated(make(name)), axis=1), axis=2).max() > clip


@pytest.mark.parametrize(("name", "clip"), [("momentum", math.inf), ("adamw", 0.1)])
def test_simulation_in_many_dimensions(name, clip):
    """Blocks of another layout."""
    curvature, options = np.resize(CURVATURE, 40), {"form": "sde"}
    if name == "adamw":
        options |= {"frozen": np.resize(FROZEN, 40), "weight_decay": 0.3}
    dynamics = dataclasses.replace(make(name, **options), clip=clip if clip < math.inf else None)
    path, increments = simulated(dynamics, curvature, steps=6, paths=2)[1], drawn(1, 40, 6)
    assert_close(path, reference(name, options, increments, clip, curvature))
    other = reference(name, options, increments, min(1.1 * clip, 0.2), curvature)
    assert np.abs(path - other).max() > 1e-4


# ---------------------------------------------------------------------------------------- PyTorch

with np.load(Path(__file__).parent / "data" / "torch_optimizers.npz") as file:
    TORCH = {key: file[key] for key in file.files}
"""Made by experiments/reference/torch_optimizers.py."""


def torch_walk(name, **options):
    dt = float(TORCH["learning_rate"])
    path = walk(
        make(name, **options), -dt * TORCH["noise"], TORCH["curvature"], TORCH["start"], dt
    )  # fmt: skip
    return path[TORCH["steps"]]


@pytest.mark.parametrize(
    "name",
    ["sgd", "momentum", "rmsprop", "adam", "adam_l2", "adamw", "nesterov", "adagrad"],
)
def test_thousand_steps_of_torch(name):
    decays = name in ("adam_l2", "adamw")
    options = {"weight_decay": float(TORCH["weight_decay"])} if decays else {}
    assert TORCH["steps"][-1] == 1000
    assert_close(torch_walk(name, **options), TORCH[name])


def test_a_product_of_32_bits_in_torch():
    """Its NAdam keeps the product of all b1 in 32 bits; this one has b1^n in 64."""
    assert torch_walk("nadam") == pytest.approx(TORCH["nadam"], abs=3e-7)


@pytest.mark.parametrize(
    ("name", "options", "other"),
    [
        ("momentum", {"dampening": 0.1}, "momentum"),
        ("rmsprop", {"bias_correction": True}, "rmsprop"),
        ("adam", {"eps": 1e-7}, "adam"),
        ("adam", {"form": "sde"}, "adam"),
        ("adamw", {"weight_decay": 0.3}, "adam_l2"),
        ("adamprox", {"weight_decay": 0.3}, "adamw"),
        ("momentum", {}, "nesterov"),
        ("nadam", {"b1": 0.89}, "nadam"),
        ("adam", {}, "nadam"),
        ("adagrad", {"eps": 1e-3}, "adagrad"),
    ],
)
def test_torch_tells_neighbours_apart(name, options, other):
    apart = 1e-4 if other == "nadam" else 1e-9
    assert np.abs(torch_walk(name, **options) - TORCH[other]).max() > apart


# ------------------------------------------------------------------------------------- invariances

SCALE_FREE = [
    ("rmsprop", {}),
    ("adam", {}),
    ("adam", {"form": "sde"}),
    ("adam_l2", {"weight_decay": 0.0}),
    ("adamw", {"weight_decay": 0.3}),
    ("adamw", {"weight_decay": 0.3, "form": "sde", "rates": "per_time", "b1": 3.0, "b2": 0.5}),
    ("adamprox", {"weight_decay": 0.3}),
    ("adamprox", {"weight_decay": 0.3, "form": "sde"}),
]
NOT_SCALE_FREE = [
    ("sgd", {}),
    ("momentum", {}),
    ("adam", {"eps": 1e-8}),
    ("adam", {"frozen": 2.0, "eps": 0.0}),
    ("adam_l2", {"weight_decay": 0.3, "eps": 0.0}),
    ("adamw", {"weight_decay": 0.3, "eps": 1e-8}),
    ("adamprox", {"weight_decay": 0.3, "eps": 1e-8}),
]


def rescaled(dynamics):
    """Paths before and after gradient and noise of coordinate i are multiplied by c_i."""
    c = POWERS_OF_TWO
    plain = walk(dynamics, INCREMENTS), walk(dynamics, c * INCREMENTS, c * CURVATURE)
    return plain, (simulated(dynamics), simulated(dynamics, c * CURVATURE, scale=c))


@pytest.mark.parametrize(("name", "options"), SCALE_FREE)
def test_scale_free_paths_are_bitwise_equal(name, options):
    """Zhuang et al. 2022: with eps = 0 a rescaled loss does not change the path."""
    for before, after in rescaled(make(name, **options, eps=0.0)):
        assert np.isfinite(before).all()
        assert (before == after).all()


@pytest.mark.filterwarnings("ignore:dt = :UserWarning")  # the larger scale is unstable
@pytest.mark.parametrize(("name", "options"), NOT_SCALE_FREE)
def test_others_feel_the_scale(name, options):
    for before, after in rescaled(make(name, **options)):
        assert (before[..., 1:, 0] != after[..., 1:, 0]).any()


def test_escape_times_are_scale_free_too():
    """The exit of AdamW does not depend on the scale of the loss, that of SGD does."""

    def times(dynamics, c):
        noise = ls.noise.independent(1.5, c)
        return ls.escape_times(
            basin_of(potentials.quadratic(DIM, CURVATURE * c), np.zeros(DIM)), dynamics, noise, 0.3,
            paths=100, dt=DT, horizon=100.0, seed=2,
        ).times  # fmt: skip

    c = np.array([2.0**-3, 0.5, 1.0])
    adamw = ls.dynamics.adamw(b1=0.5, b2=0.9, eps=0.0)
    assert (times(adamw, np.ones(DIM)) == times(adamw, c)).all()
    assert (times(ls.dynamics.sgd(), np.ones(DIM)) != times(ls.dynamics.sgd(), c)).any()


def test_prox_minus_decoupled_decay():
    """x_Prox - x_W = [(lambda eta)^2 x + lambda eta^2 p]/(1 + lambda eta), from any state."""
    rng, decay, dt = np.random.default_rng(7), 2.0, 0.1
    prox, decoupled = (
        make(name, weight_decay=decay, eps=0.01) for name in ("adamprox", "adamw")
    )  # fmt: skip
    first_order = 0.0
    for n in range(50):
        x, m, v, g, dL = (float(value) for value in rng.standard_normal(5))
        after_prox, after_w = (
            stepper(dynamics, n, dt)(0, x, m, v * v, g, dL)[0] for dynamics in (prox, decoupled)
        )
        difference = after_prox - after_w
        p = -naive.adam_step(dt, eps=0.01)(0, n, m, v * v, g, dL, 0.0)[0] / dt
        product = decay * dt
        expected = (product**2 * x + product * dt * p) / (1.0 + product)
        assert difference == pytest.approx(expected, rel=1e-12, abs=1e-14)
        first_order = max(first_order, abs(difference - product**2 * x / (1.0 + product)))
    assert first_order > 0.01, "the term with p is seen"


@pytest.mark.parametrize("options", [{}, {"form": "sde"}])
def test_without_decay_the_relatives_are_adam_bit_for_bit(options):
    adam = make("adam", **options)
    for name in ADAMS[1:]:
        same = make(name, weight_decay=0.0, **options)
        assert (walk(same, INCREMENTS) == walk(adam, INCREMENTS)).all()
        assert (simulated(same) == simulated(adam)).all()
        other = make(name, weight_decay=1e-3, **options)
        assert (walk(other, INCREMENTS)[1:] != walk(adam, INCREMENTS)[1:]).any(axis=0).all()
        assert (simulated(other) != simulated(adam)).any()


@pytest.mark.parametrize(
    "options",
    [{}, {"form": "sde"}, {"form": "sde", "gradient_noise": 0.7}, {"frozen": FROZEN}],
)
def test_adam_without_averaging_is_rmsprop_bit_for_bit(options):
    rmsprop = make("rmsprop", decay=0.99, bias_correction=True, **options)
    adam, averaging = (make("adam", b1=b1, b2=0.99, **options) for b1 in (0.0, 0.01))
    for run in (lambda dynamics: walk(dynamics, INCREMENTS), simulated):
        assert (run(rmsprop) == run(adam)).all()
        assert (run(rmsprop) != run(averaging)).any()


@pytest.mark.parametrize(("name", "average"), [("rmsprop", {}), ("adam", {"b1": 0.0})])
def test_frozen_moments_are_sgd_of_divided_gradient_and_noise(name, average):
    """dx = -Q^-1 grad F dt + Q^-1 dL: bit for bit with one of the two where Q is a power of two.

    With both the sums are rounded in another order.
    """
    q, sgd = np.array([0.25, 2.0, 16.0]), make("sgd")
    for frozen, eps, same in ((q, 0.0, True), (q[::-1], 0.0, False), (q, 1e-8, False)):
        dynamics = make(name, form="sde", frozen=frozen, eps=eps, **average)
        for increments, curvature, epsilon in (
            (NO_NOISE, CURVATURE, 1e-100),
            (INCREMENTS, 0.0 * CURVATURE, 0.3),
        ):
            path = walk(dynamics, increments, curvature)
            assert (path == walk(sgd, increments / q, curvature / q)).all() == same
            path = simulated(dynamics, curvature, epsilon=epsilon)
            other = simulated(sgd, curvature / q, 1.0 / q, epsilon)
            assert (path == other).all() == same
        both = walk(dynamics, INCREMENTS), walk(sgd, INCREMENTS / q, CURVATURE / q)
        assert np.allclose(*both, rtol=0.0, atol=1e-13) == same
        both = simulated(dynamics), simulated(sgd, CURVATURE / q, 1.0 / q)
        assert np.allclose(*both, rtol=0.0, atol=1e-13) == same


# ------------------------------------------------------------------------------ limits and numbers


@pytest.mark.parametrize("name", ["rmsprop", *ADAMS])
@pytest.mark.parametrize("g", [1e-12, -0.3, 4e10])
def test_first_step_has_the_length_of_dt(name, g):
    """m_hat = g and v_hat = g^2 at step 0, whatever the averages are."""
    options = {"bias_correction": True} if name == "rmsprop" else {}
    options |= {"weight_decay": 0.0} if name in ADAMS[1:] else {}
    for dynamics in (make(name, eps=0.0, **options), make(name, eps=0.0, form="sde", **options)):
        moved = stepper(dynamics, 0)(0, 0.0, 0.0, 0.0, g, 0.0)[0]
        assert moved == pytest.approx(-math.copysign(DT, g), rel=1e-12)
    if name == "rmsprop":
        moved = stepper(make(name, eps=0.0), 0)(0, 0.0, 0.0, 0.0, g, 0.0)[0]
        assert moved == pytest.approx(-math.copysign(10.0 * DT, g), rel=1e-12)


@pytest.mark.parametrize("b1", [0.5, 5.0, 20.0])
def test_first_step_in_rates_per_time(b1):
    """Averages begin at grad F and (grad F)^2 at any rate; uncorrected they would not."""
    dt = 0.05
    dynamics = make("adam", form="sde", rates="per_time", b1=b1, b2=0.1, eps=0.0)
    moved = stepper(dynamics, 0, dt)(0, 0.0, 0.0, 0.0, 0.7, 0.0)[0]
    assert moved == pytest.approx(-dt, rel=1e-12)
    twin = make("rmsprop", form="sde", rates="per_time", decay=0.1, eps=0.0)
    assert stepper(twin, 0, dt)(0, 0.0, 0.0, 0.0, 0.7, 0.0)[0] < -10.0 * dt


@pytest.mark.parametrize("jump", [1.0, 1e6])
def test_one_jump_moves_adam_by_a_bounded_distance(jump):
    """The sum of (1-b1) b1^k/sqrt((1-b2) b2^k) over all later steps: 31.7658 dt."""
    longest = (1.0 - 0.9) / (math.sqrt(1.0 - 0.999) * (1.0 - 0.9 / math.sqrt(0.999)))
    assert longest == pytest.approx(31.7658, abs=5e-5)
    distances = []
    for dynamics in (make("adam", eps=0.0), make("adam", eps=0.0, frozen=1.0)):
        x, m, v = 0.0, 0.0, 0.0
        for n in range(600):
            dL = jump if n == 0 else 0.0
            x, m, v = stepper(dynamics, 10**6 + n)(0, x, m, v, 0.0, dL)
        distances.append(x)
    assert distances[0] == pytest.approx(longest * DT, rel=1e-10)
    assert distances[1] == pytest.approx(jump, rel=1e-10)


def constant_force(x, p, out):
    for j in range(len(x)):
        out[j] = p[0]


def sloped(force):
    return basin_of(ls.Potential(DIM, constant_force, params={"force": force}), START)


def seen_squares(g, s):
    """(g + s z)^2 of every step, and the step of SGD which is divided by its root."""
    noise, plain, noisy = (
        ls.noise.independent(1.5),
        make("sgd"),
        make("adam", b1=0.0, b2=0.0, eps=0.0, form="sde", gradient_noise=s),
    )
    run = functools.partial(ls.trajectories, paths=500, steps=40, dt=DT, seed=3)
    one, other = (
        np.diff(run(sloped(g), dynamics, noise, 0.3).positions, axis=1)
        for dynamics in (plain, noisy)
    )
    return (one / other) ** 2, one


def test_noisy_second_moment_sees_gradient_plus_normal():
    """With b1 = b2 = 0 the step of SGD is divided by |g + s z|, z normal, independent of dL."""
    g, s = 1.0, 0.7
    squares, plain = seen_squares(g, s)

    def deviation(scale, power):
        """Standard errors between the mean of (g + scale z)^(2 power) and what was seen."""
        law = stats.norm(g, scale)
        mean, second = law.moment(2 * power), law.moment(4 * power)
        error = math.sqrt((second - mean**2) / squares.size)
        return abs((squares**power).mean() - mean) / error

    assert max(deviation(s, 1), deviation(s, 2)) < SIGMAS
    assert min(deviation(1.05 * s, 1), deviation(1.05 * s, 2)) > SIGMAS
    logs = np.log(squares)
    for one, other in (
        (logs, np.log(np.abs(plain))),  # the increments of the driver
        (logs[:, 1:], logs[:, :-1]),  # the next step
        (logs[..., 1:], logs[..., :-1]),  # the next coordinate
        (logs[1:], logs[:-1]),  # the next path
    ):
        assert abs(correlation(one, other)) < SIGMAS / math.sqrt(one.size)
        assert correlation(one, one + other) > SIGMAS / math.sqrt(one.size)


def correlation(one, other):
    return np.corrcoef(one.ravel(), other.ravel())[0, 1]


def test_normals_belong_to_path_step_and_coordinate():
    """In blocks of the other layout they are the same."""
    noisy = make("adam", b1=0.0, b2=0.0, eps=0.0, form="sde", gradient_noise=0.7)
    few, many = (
        np.diff(simulated(make("sgd"), np.zeros(dim)), axis=1)
        / np.diff(simulated(noisy, np.zeros(dim)), axis=1)
        for dim in (DIM, 40)
    )
    assert few == pytest.approx(many[..., :DIM], rel=1e-6)
    assert few != pytest.approx(many[..., DIM : 2 * DIM], rel=1e-6)


# ---------------------------------------------------------------------------------------- contract


def test_table_names_every_optimizer():
    assert set(ls.dynamics.DYNAMICS) == {*NAMES, *WITHOUT_LAWS}
    for name, maker in ls.dynamics.DYNAMICS.items():
        assert maker is getattr(ls.dynamics, name)
        assert maker().name == name


@pytest.mark.parametrize("name", ls.dynamics.DYNAMICS)
def test_descends_to_the_minimum_without_noise(name):
    """Adaptive steps do not shrink with the gradient, so they end within their own length."""
    path = simulated(make(name), epsilon=1e-100, steps=2000, every=2000)[0]
    assert (path[0] == START).all()
    assert np.abs(path[-1]).max() < (1e-9 if name in ("sgd", "momentum") else DT)
    uphill = walk(make(name), NO_NOISE, -CURVATURE)
    assert (np.abs(uphill[-1]) > np.abs(START) + DT).all(), "the sign of the gradient decides"


@each_case
def test_can_be_pickled(name, options):
    dynamics = make(name, **options)
    copy = pickle.loads(pickle.dumps(dynamics))
    for attribute in ("name", "memory", "clip", "form", "rates", "second_moment", "options"):
        assert getattr(copy, attribute, None) == getattr(dynamics, attribute, None)
    assert copy.params.keys() == dynamics.params.keys()
    assert (walk(copy, INCREMENTS) == walk(dynamics, INCREMENTS)).all()
    clipped = dataclasses.replace(dynamics, clip=0.5)
    assert pickle.loads(pickle.dumps(clipped)).clip == 0.5


@each_case
def test_without_gradient_and_noise_nothing_moves(name, options):
    """With eps = 0 too, where the step is 0/0."""
    still = {key: value for key, value in options.items() if key != "gradient_noise"}
    still |= {"eps": 0.0} if name not in ("sgd", "momentum") else {}
    still |= {"weight_decay": 0.0} if name in ADAMS[1:] else {}
    dynamics = make(name, **still)
    assert (walk(dynamics, NO_NOISE, curvature=0.0 * CURVATURE) == START).all()
    noise = ls.noise.mixed(1.5, np.diag([0.0, 1.0, 1.0]))
    path = ls.trajectories(sloped(0.0), dynamics, noise, 0.3, paths=3, steps=50, dt=DT).positions
    assert (path[..., 0] == START[0]).all()
    assert np.isfinite(path).all() or still.get("form") == "sde"
    assert (path[:, 1:, 1:] != START[1:]).any()


# ------------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("sgd", {"clip": 0.0}, "clip is 0"),
        ("sgd", {"clip": math.nan}, "clip is nan"),
        ("momentum", {"decay": 1.0}, "decay is 1"),
        ("momentum", {"decay": "high"}, "decay is 'high'"),
        ("momentum", {"dampening": 1.0}, "dampening is 1"),
        (
            "momentum",
            {"form": "sde", "rates": "per_time", "dampening": 0.5},
            r"dampening is 0\.5.*per unit time",
        ),
        ("momentum", {"form": "SDE"}, "unknown form 'SDE'"),
        ("rmsprop", {"decay": 1.5}, r"decay is 1\.5"),
        ("rmsprop", {"decay": -0.1}, r"decay is -0\.1"),
        ("rmsprop", {"eps": -1e-3}, r"eps is -0\.001"),
        ("adam", {"b1": 1.0}, "b1 is 1"),
        ("adam", {"b1": -0.1}, r"b1 is -0\.1"),
        ("adam", {"b2": 1.0}, "b2 is 1"),
        ("adam", {"b2": math.nan}, "b2 is nan"),
        ("adam", {"eps": math.inf}, "eps is inf"),
        ("adam", {"form": "ode"}, "unknown form 'ode'"),
        ("adam", {"rates": "per_hour"}, "unknown rates 'per_hour'"),
        ("adam", {"rates": "per_time"}, "per_time.*algorithm|algorithm.*per_time"),
        ("adam", {"frozen": 0.0}, "frozen is 0"),
        ("adam", {"frozen": [1.0, -2.0]}, "frozen.*-2"),
        ("adam", {"frozen": [1.0, math.nan]}, "frozen.*nan"),
        ("adam", {"form": "sde", "frozen": 1.0, "gradient_noise": 1.0}, "frozen.*gradient_noise"),
        ("adam", {"form": "sde", "gradient_noise": -0.5}, r"gradient_noise is -0\.5"),
        ("adam", {"gradient_noise": 0.5}, "gradient_noise.*algorithm|algorithm.*gradient_noise"),
        ("adam", {"form": "sde", "rates": "per_time", "b1": -2.0}, "b1 is -2"),
        ("adam_l2", {"weight_decay": -0.5}, r"weight_decay is -0\.5"),
        ("adamw", {"weight_decay": -0.5}, r"weight_decay is -0\.5"),
        ("adamprox", {"weight_decay": math.nan}, "weight_decay is nan"),
    ],
)
def test_wrong_hyperparameters_are_refused(name, options, words):
    with pytest.raises(ValueError, match=words) as caught:
        make(name, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"frozen": [1.0, 2.0]}, "frozen.*2.*3"),
        ({"form": "sde", "rates": "per_time", "b1": 40.0, "b2": 1.0}, "b1.*40"),
        ({"form": "sde", "rates": "per_time", "b1": 4.0, "b2": 33.0}, "b2.*33"),
    ],
)
def test_what_does_not_fit_the_run_is_refused(options, words):
    """A vector of another length than the basin; an average that would overshoot in a step."""
    with pytest.raises(ValueError, match=words):
        simulated(make("adam", **options))


# ------------------------------------------------------------------------------- dynamics of a user


def own(update, **fields):
    return ls.Dynamics("own", update, **fields)


@pytest.mark.parametrize(
    ("make_own", "words"),
    [
        (lambda: own(lambda j, x, m, v, g, dL, dt, t, p: (x, m + 1.0, v)), "give memory=True"),
        (lambda: own(lambda j, x, m, v, g, dL, dt, t, p: x), r"return \(x, m, v\)"),
        (lambda: own(lambda *a: a[1:4], clock=lambda t, dt, p: 1.0), "return two numbers"),
        (
            lambda: own(lambda *a: a[1:4], clock=lambda t, dt: (1.0, 1.0)),
            "the clock function failed",
        ),
        (lambda: own(lambda *a: a[1:4], clip=-1.0), "clip is -1"),
        (lambda: own(lambda *a: a[1:4], clip=math.nan), "clip is nan"),
    ],
)
def test_wrong_dynamics_are_refused(make_own, words):
    with pytest.raises(ValueError, match=words):
        make_own()


def by_its_parameters(j, x, m, v, g, dL, dt, t, p):
    return x - p[j] * g * dt + p[p.size - 1] * dL, m, v


def test_too_few_parameters_are_found_before_the_simulation():
    rule = own(by_its_parameters, params={"a": [1.0]})
    noise = ls.noise.independent(1.5)
    assert ls.escape_times(ls.basins.flat(), rule, noise, 0.5, paths=5, dt=0.05).escaped == 5
    with pytest.raises(ValueError, match="at j = 2: IndexError"):
        ls.escape_times(ls.basins.flat(3), rule, noise, 0.5, paths=5, dt=0.05)


def test_a_clip_is_not_among_the_parameters_of_the_update():
    noise = ls.noise.independent(1.5)
    plain, clipped = (
        ls.escape_times(
            ls.basins.flat(),
            own(by_its_parameters, params={"a": 1.0}, clip=clip),
            noise,
            0.5,
            paths=50,
            dt=0.05,
        )
        for clip in (None, 1e6)
    )
    assert plain.digest == clipped.digest


def test_clipped_optimizers_are_recorded_rebuilt_and_not_mixed():
    noise = ls.noise.independent(1.5)
    rule = dataclasses.replace(ls.dynamics.adam(form="sde", frozen=1.0), clip=0.1)
    setting = {"paths": 10, "dt": 0.05, "horizon": 5.0}
    plain = ls.escape_times(
        ls.basins.flat(), ls.dynamics.adam(form="sde", frozen=1.0), noise, 0.5, **setting
    )
    with pytest.raises(ValueError, match="dynamics_options"):
        ls.escape_times(ls.basins.flat(), rule, noise, 0.5, **setting, resume=plain)
    clipped = ls.escape_times(ls.basins.flat(), rule, noise, 0.5, **setting)
    assert build(clipped.parameters)[1].clip == 0.1


@pytest.mark.parametrize("rule", [ls.dynamics.sgd(clip=1.0), ls.dynamics.adam(frozen=1.0)])
def test_the_boundary_shift_is_for_noise_that_is_not_changed(rule):
    noise = ls.noise.independent(1.5)
    with pytest.raises(ValueError, match="for noise that reaches x as it is"):
        ls.escape_times(ls.basins.flat(), rule, noise, 0.5, dt=0.05, correction="boundary-shift")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ls.dynamics.adamw(weight_decay=None), "weight_decay is None"),
        (lambda: ls.dynamics.rmsprop(bias_correction="no"), "bias_correction is 'no'"),
        (lambda: ls.dynamics.adam(frozen=True), "frozen is True"),
        (lambda: ls.dynamics.adam(frozen="1"), "frozen is '1'"),
        (lambda: ls.dynamics.adamw(weight_decay=60.0).part(1, 0.05), "weight_decay = 60"),
    ],
)
def test_wrong_types_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_frozen_list_of_one_serves_every_dimension():
    noise = ls.noise.independent(1.5)
    one, all_three = (
        ls.escape_times(
            ls.basins.flat(3), ls.dynamics.adam(form="sde", frozen=q), noise, 0.5, paths=5, dt=0.05
        )
        for q in ([2.0], [2.0, 2.0, 2.0])
    )
    assert one.digest == all_three.digest
