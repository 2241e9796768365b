"""Runs that are set by a learning rate are the recurrences that people run."""

import json
import math

import numpy as np
import pytest

import levysde as ls
from levysde.cli import main

pytestmark = pytest.mark.quick

FLAT, SGD, ADAM = ls.basins.flat(), ls.dynamics.sgd(), ls.dynamics.adam()
LR = 0.02
SIGMAS = 4.0


def noise_of(alpha, scale=0.7):
    return ls.noise.independent(alpha, scale=scale)


@pytest.mark.parametrize("alpha", [0.8, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("dynamics", [SGD, ADAM, ls.dynamics.momentum(0.5)])
def test_runs_are_those_of_dt_and_epsilon_given_by_hand(alpha, dynamics):
    options = {"paths": 20, "horizon": 4.0, "seed": 5}
    law = noise_of(alpha)
    made = ls.escape_times(FLAT, dynamics, law, lr=LR, **options)
    epsilon = LR ** ((alpha - 1.0) / alpha)
    hand = ls.escape_times(FLAT, dynamics, law, epsilon, dt=LR, **options)
    assert made.digest == hand.digest
    assert np.array_equal(made.exit_position, hand.exit_position, equal_nan=True)
    assert (made.parameters["lr"], made.parameters["epsilon"], made.dt) == (LR, epsilon, LR)
    paths = ls.trajectories(FLAT, dynamics, law, lr=LR, paths=2, steps=5, seed=5)
    same = ls.trajectories(FLAT, dynamics, law, epsilon, dt=LR, paths=2, steps=5, seed=5)
    assert np.array_equal(paths.positions, same.positions, equal_nan=True)


@pytest.mark.parametrize("alpha", [0.8, 1.0, 1.5, 2.0])
def test_one_iteration_is_a_step_along_the_noisy_gradient(alpha):
    """X <- x - lr (x - Z), Z the standard draws of the law itself: scale s and not another."""
    scale, count = 0.7, 64
    start = ls.Basin(FLAT.potential, ls.domains.interval(-1e9, 1e9), 0.0, [0.3])
    sample = ls.trajectories(start, SGD, noise_of(alpha, scale), lr=LR, paths=count, steps=1)
    z = ls.noise.sample(noise_of(alpha, scale), count)[:, 0]
    expected = 0.3 - LR * (0.3 - z)
    assert sample.positions[:, 1, 0] == pytest.approx(expected, rel=1e-12)


def adam_by_hand(draws, lr, b1=0.9, b2=0.999, eps=1e-8):
    """Kingma & Ba's algorithm on gradients x - Z in the well x^2/2."""
    x = m = v = 0.0
    path = [x]
    for n, z in enumerate(draws, 1):
        g = x - z
        m, v = b1 * m + (1.0 - b1) * g, b2 * v + (1.0 - b2) * g * g
        x -= lr * (m / (1.0 - b1**n)) / (math.sqrt(v / (1.0 - b2**n)) + eps)
        path.append(x)
    return path


def test_adam_is_the_algorithm_on_gradients_with_stable_noise():
    """Draws are read off from SGD in no potential, x <- x + lr Z, on the same numbers."""
    law, steps = noise_of(1.5), 60
    flat = ls.Basin(ls.potentials.quadratic(1, curvature=0.0), ls.domains.interval(-1e9, 1e9), 0.0)
    walk = ls.trajectories(flat, SGD, law, lr=LR, paths=1, steps=steps, seed=3).positions[0, :, 0]
    draws = np.diff(walk) / LR
    made = ls.trajectories(FLAT, ADAM, law, lr=LR, paths=1, steps=steps, seed=3).positions[0, :, 0]
    assert made == pytest.approx(adam_by_hand(draws, LR), rel=1e-7, abs=1e-9)


def test_iterations_agree_with_the_exact_chain():
    law, lr = noise_of(1.5, 1.0), 0.1
    made = ls.escape_times(FLAT, SGD, law, lr=lr, paths=20_000, seed=9)
    exact = ls.theory.euler_mean_exit_time(
        lambda x: x, -1.0, 1.0, alpha=1.5, epsilon=lr ** (1.0 / 3.0), dt=lr
    )
    error = made.steps.std() / math.sqrt(made.paths)
    assert abs(made.steps.mean() - exact / lr) < SIGMAS * error
    # The twin: with epsilon = lr the mean is another.
    other = ls.theory.euler_mean_exit_time(lambda x: x, -1.0, 1.0, alpha=1.5, epsilon=lr, dt=lr)
    assert abs(made.steps.mean() - other / lr) > 10.0 * error


def test_prediction_of_a_learning_rate():
    law = noise_of(1.5)
    rule = ls.dynamics.momentum(0.5)
    made = ls.theory.predict(FLAT, rule, law, lr=LR)
    assert made == ls.theory.predict(FLAT, rule, law, LR ** (1.0 / 3.0), dt=LR)
    # In iterations: rate dt = (c/alpha) s^alpha eps^alpha dt (1 + 1) for sgd, eps^1.5 dt = lr^1.5.
    sgd = ls.theory.predict(FLAT, SGD, law, lr=LR)
    assert sgd.rate * LR == pytest.approx(0.39894228 * (0.7 * LR) ** 1.5, rel=1e-7)


def test_comparison_at_a_learning_rate_says_what_depends_on_it():
    rules = [SGD, ADAM, ls.dynamics.momentum(0.0), ls.dynamics.rmsprop(frozen=2.0)]
    made = ls.compare(FLAT, rules, noise_of(1.5), lr=0.1, paths=20)
    assert made.dt_reason == "the learning rate"
    assert made.stepwise == ("adam",)
    for rule, result in zip(rules, made.results, strict=True):
        alone = ls.escape_times(FLAT, rule, noise_of(1.5), lr=0.1, paths=20)
        assert alone.digest == result.digest
    auto = ls.compare(FLAT, rules, noise_of(1.5), 0.5, paths=3)
    assert auto.dt_reason == "auto: the exit distance is 5/8 of what one jump can move, in adam"
    given = ls.compare(FLAT, rules[:2], noise_of(1.5), 0.5, paths=3, dt=0.1)
    assert given.dt_reason == "given"


SDE = ls.dynamics.adam(form="sde", frozen=1.0)


@pytest.mark.parametrize("call", [ls.escape_times, ls.trajectories, ls.theory.predict])
@pytest.mark.parametrize(
    ("dynamics", "law", "given", "words"),
    [
        (SGD, noise_of(1.5), {"lr": 0.1, "epsilon": 0.1}, "lr is 0.1 and epsilon is 0.1"),
        (SGD, noise_of(1.5), {"lr": 0.1, "dt": 0.1}, "lr is 0.1 and dt is 0.1"),
        (SDE, noise_of(1.5), {"lr": 0.1}, "in the form 'sde' is no recurrence"),
        (SGD, noise_of(1.5), {}, "neither epsilon nor lr is given"),
        (SGD, noise_of(1.5), {"lr": -0.1}, "lr is -0.1"),
        (SGD, noise_of(1.5), {"lr": math.nan}, "lr is nan"),
        (SGD, ls.noise.multifractal([1.5]), {"lr": 0.1}, "needs one alpha"),
    ],
)
def test_what_a_learning_rate_does_not_go_with(call, dynamics, law, given, words):
    with pytest.raises(ValueError, match=words) as caught:
        call(FLAT, dynamics, law, **given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ls.dynamics.adamw(beta1=0.9), "'beta1'; give b1"),
        (lambda: ls.dynamics.rmsprop(epsilon=1e-8), "'epsilon'; give eps"),
        (lambda: ls.dynamics.sgd(lr=0.1), "'lr'; give lr of escape_times"),
        (lambda: ls.escape_times(FLAT, SGD, learning_rate=0.1), "'learning_rate'; give lr"),
        (lambda: ls.compare(FLAT, [SGD], eta=0.1), "'eta'; give lr"),
        (lambda: ls.trajectories(FLAT, SGD, step_size=0.1), "'step_size'; give lr"),
        (lambda: ls.dynamics.adam(nonsense=1), "unexpected keyword argument 'nonsense'"),
    ],
)
def test_names_of_other_packages_get_ours(call, words):
    with pytest.raises(TypeError, match=words):
        call()


# ----------------------------------------------------------------------------------- command line


def command(capsys, text):
    code = main(text.split())
    out, err = capsys.readouterr()
    return code, out, err


def test_escape_by_a_learning_rate(capsys):
    words = "escape --basin flat --lr 0.1 --scale 0.7 --paths 200 --quiet"
    code, out, _ = command(capsys, f"{words} --json")
    record = json.loads(out)
    made = ls.escape_times(FLAT, SGD, noise_of(1.5), lr=0.1, paths=200)
    assert code == 0
    assert record["digest"] == made.digest
    assert (record["lr"], record["dt"]) == (0.1, 0.1)
    assert record["epsilon"] == 0.1 ** (0.5 / 1.5)
    assert record["mean_steps"] == pytest.approx(made.steps.mean(), rel=1e-12)
    bounds = [bound / 0.1 for bound in made.mean_interval()]
    assert record["mean_steps_ci95"] == pytest.approx(bounds, rel=1e-12)
    assert record["theory"]["rate"] == ls.theory.predict(FLAT, SGD, noise_of(1.5), lr=0.1).rate
    _, out, _ = command(capsys, words)
    assert "lr = 0.1" in out
    assert "  iterations " in out
    assert max(map(len, out.splitlines())) <= 80


def test_compare_says_how_its_step_was_chosen(capsys):
    words = "compare --dynamics sgd,adam --basin flat --paths 20 --quiet --epsilon 0.5"
    _, out, _ = command(capsys, words)
    text = " ".join(out.split())
    assert "(auto: the exit distance is 5/8 of what one jump can move, in adam)" in text
    assert "the ratios depend on it, because adam counts in iterations; give lr (--lr)" in text
    assert max(map(len, out.splitlines())) <= 80
    _, out, _ = command(capsys, f"{words.replace('--epsilon 0.5', '--lr 0.1')} --json")
    record = json.loads(out)
    assert (record["dt"], record["dt_reason"]) == (0.1, "the learning rate")
    assert record["depend_on_dt"] == ["adam"]
    low, high = record["optimizers"][1]["mean_steps_ci95"]
    assert low < record["optimizers"][1]["mean_steps"] < high


def test_theory_of_a_learning_rate(capsys):
    _, out, _ = command(capsys, "theory --basin flat --dynamics momentum --lr 0.02 --json")
    record = json.loads(out)
    law = ls.noise.independent(1.5)
    expected = ls.theory.predict(FLAT, ls.dynamics.momentum(), law, lr=0.02)
    assert record["rate"] == expected.rate
    assert (record["lr"], record["dt"]) == (0.02, 0.02)


@pytest.mark.parametrize("name", ["escape", "compare --dynamics sgd,adam", "theory"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--lr 0.1 --epsilon 0.1", "lr is 0.1 and epsilon is 0.1"),
        ("--lr 0.1 --dt 0.1", "lr is 0.1 and dt is 0.1"),
        ("--lr 0", "lr is 0"),
        ("--learning-rate 0.1", "--learning-rate is called --lr here"),
        ("--betas 0.9,0.99", "--betas is called --b1 and --b2 here"),
        ("--beta1 0.9", "--beta1 is called --b1 here"),
        ("--eps 1e-8", "--eps-adam"),
    ],
)
def test_mistakes_with_learning_rates(name, words, said, capsys):
    code, out, err = command(capsys, f"{name} {words}")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
