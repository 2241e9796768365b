"""The default horizon, and that its reason is told as it is."""

import json

import numpy as np
import pytest

import levysde as ls
from levysde.cli import main

FLAT, NOISE, SGD = ls.basins.flat(), ls.noise.independent(1.5), ls.dynamics.sgd()
ADAM = ls.dynamics.adam(eps=1.0)


def slow(j, x, m, v, g, dL, dt, t, p):
    return x - g * dt + dL / 20.0, m, v


MINE = ls.Dynamics("mine", slow)


def made(dynamics, epsilon, **options):
    result = ls.escape_times(FLAT, dynamics, NOISE, epsilon, paths=2, **options)
    return result.parameters["horizon"], result.parameters["horizon_reason"]


def test_means_of_a_law_that_is_known():
    predicted = ls.theory.predict(FLAT, SGD, NOISE, 0.3).mean
    horizon, reason = made(SGD, 0.3, dt=0.01)
    assert horizon == pytest.approx(30.0 * (predicted + 0.01), rel=1e-12)
    assert reason == "30 predicted means"


def test_steps_where_no_mean_is_predicted():
    assert made(ls.dynamics.adam(), 0.3, dt=0.05) == (
        pytest.approx(5000.0),
        "100000 steps: no mean is predicted",
    )


def test_an_update_of_the_user_has_the_horizon_of_sgd_and_says_so():
    horizon, reason = made(MINE, 0.9, dt=0.05)
    assert horizon == made(SGD, 0.9, dt=0.05)[0]
    assert reason == "30 means of sgd: no law is known for mine"


def increments_within(horizon, epsilon, dynamics):
    """Long increments expected within a horizon, from the tail of the law itself."""
    run = ls.escape_times(FLAT, dynamics, NOISE, epsilon, paths=1, dt=0.1, method="jump")
    threshold = run.parameters["threshold"]
    # nu(|y| > rho) = (2 c_alpha/alpha) rho^-alpha, c_1.5 = 0.29920671.
    return horizon * 2.0 * 0.29920671 / 1.5 * (epsilon / threshold) ** 1.5


@pytest.mark.parametrize(
    ("dynamics", "epsilon", "reason"),
    [
        (ADAM, 1e-3, "1000 long increments: no mean is predicted"),
        (
            ls.dynamics.sgd(clip=0.3),
            1e-4,
            "1000 long increments: no mean is predicted",
        ),
    ],
)
def test_long_increments_where_iterations_are_skipped(dynamics, epsilon, reason):
    horizon, told = made(dynamics, epsilon, dt=0.1, method="jump")
    assert told == reason
    assert increments_within(horizon, epsilon, dynamics) == pytest.approx(1000.0, rel=1e-6)


def test_long_increments_that_last_longer_than_the_means():
    horizon, told = made(SGD, 1e-4, dt=0.1, method="jump", threshold=0.4)
    means = 30.0 * ls.theory.predict(FLAT, SGD, NOISE, 1e-4).mean
    assert horizon > 2.0 * means
    assert told == "1000 long increments, longer than 30 predicted means"


def test_a_horizon_that_was_given():
    assert made(SGD, 0.3, horizon=2.5) == (2.5, "given")


def test_censoring_by_a_default_horizon_names_its_reason():
    never = ls.Dynamics("still", lambda j, x, m, v, g, dL, dt, t, p: (x, m, v))
    result = ls.escape_times(FLAT, never, NOISE, 0.9, paths=3, dt=0.05)
    assert "(30 means of sgd: no law is known for still)" in result.warnings[0]
    given = ls.escape_times(FLAT, never, NOISE, 0.9, paths=3, dt=0.05, horizon=5.0)
    assert given.warnings == ("No path escaped: the mean has a lower bound only.",)


def test_a_run_is_resumed_whatever_the_reason_of_its_horizon():
    first = ls.escape_times(FLAT, SGD, NOISE, 0.5, paths=3, dt=0.05)
    horizon = first.parameters["horizon"]
    longer = ls.escape_times(FLAT, SGD, NOISE, 0.5, paths=5, dt=0.05, horizon=horizon, resume=first)
    assert np.array_equal(longer.steps[:3], first.steps)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--dynamics adam --eps-adam 1 --method jump --dt 0.1", "1000 long increments: no mean"),
        ("--method jump --dt 0.1 --threshold 0.4", "1000 long increments, longer than 30 pred"),
        ("--method jump", "30 predicted means"),
    ],
)
def test_the_terminal_tells_the_reason_that_is_recorded(words, reason, capsys):
    command = ["escape", "--basin", "flat", "--epsilon", "1e-3", "--paths", "3", "--quiet"]
    command += words.split()
    main(command)
    text = capsys.readouterr().out
    (line,) = [line for line in text.splitlines() if line.startswith("  horizon")]
    main([*command, "--json"])
    record = json.loads(capsys.readouterr().out)
    assert record["horizon_reason"].startswith(reason)
    assert record["horizon_reason"][:40] in text
    assert float(line.split()[1]) == pytest.approx(record["horizon"], rel=1e-4)


def test_compare_tells_every_horizon(capsys):
    command = "compare --dynamics sgd,adam --basin flat --epsilon 0.5 --paths 5 --quiet"
    main(command.split())
    text = " ".join(capsys.readouterr().out.split())
    assert "(30 predicted means)" in text
    assert "(100000 steps: no mean is predicted)" in text
    main([*command.split(), "--json"])
    rows = json.loads(capsys.readouterr().out)["optimizers"]
    assert [row["horizon_reason"] for row in rows] == [
        "30 predicted means",
        "100000 steps: no mean is predicted",
    ]
