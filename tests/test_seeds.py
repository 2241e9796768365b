"""Seeds of settings: the same everywhere, different for different settings."""

import subprocess
import sys

import numpy as np
import pytest

import levysde as ls
from levysde.statistics.exit_times import shared_draws, slope_of

FLAT, SGD, NOISE = ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5)


@pytest.mark.parametrize(
    ("settings", "seed", "expected"),
    [
        ((), 0, 14839553557665992870),
        (("sharp", 0.1), 0, 10822165179192801305),
        ((0.1,), 1, 11958568956860029455),
        ((1,), 0, 4338693092269623344),
        (([1, 2],), 0, 16955689529488459934),
        ((1, 2), 0, 17855627318729247210),
        (({"b": None, "a": True}, 2**60 + 1), 0, 14757431989296842221),
        (
            (ls.basins.sharp(), ls.dynamics.adam(), ls.noise.independent(1.5), 0.1),
            0,
            13668826955602318829,
        ),
    ],
)
def test_stored_values(settings, seed, expected):
    assert ls.seed_of(*settings, seed=seed) == expected


def test_the_same_in_another_process():
    """Python salts its own hashes anew in every process."""
    code = "import levysde as ls; print(ls.seed_of(ls.basins.flat(2), 'adam', 0.3, [1.5, 2]))"
    found = {
        int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(2)
    }
    assert found == {ls.seed_of(ls.basins.flat(2), "adam", 0.3, [1.5, 2])}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1,), (1.0,)),
        ((0.0,), (-0.0,)),
        ((np.float64(0.1),), (0.1,)),
        ((np.int64(3),), (3,)),
        ((2**60,), (2.0**60,)),
        (([1, 2],), (np.array([1.0, 2.0]),)),
        (((1, 2),), ([1, 2],)),
        (({"a": 1, "b": 2},), ({"b": 2, "a": 1},)),
        ((ls.basins.flat(),), (ls.basins.flat(),)),
        ((NOISE,), (ls.noise.independent(alpha=1.5, scale=1.0),)),
    ],
)
def test_equal_settings_have_equal_seeds(one, other):
    assert ls.seed_of(*one) == ls.seed_of(*other)


def tilt(x, p, out):
    out[0] = x[0]


SETTINGS = [
    (),
    (None,),
    ("",),
    (0,),
    (False,),
    ([],),
    ({},),
    (1,),
    (True,),
    ("1",),
    (1, 1),
    ([1, 1],),
    ([[1], 1],),
    ([1, [1]],),
    ("ab", "c"),
    ("a", "bc"),
    (1.0 + 2.0**-52,),
    (2**60 + 1,),
    (2**60,),
    (-(10**400),),
    ({"a": 1},),
    (("a", 1),),
    (ls.basins.flat(),),
    (ls.basins.flat(2),),
    (ls.basins.sharp(),),
    (ls.Basin(FLAT.potential, FLAT.domain, FLAT.minimum, [0.1]),),
    (FLAT.potential,),
    (FLAT.domain,),
    (SGD,),
    (ls.dynamics.sgd(clip=1.0),),
    (ls.dynamics.adam(),),
    (ls.dynamics.adam(form="sde", frozen=1.0),),
    (ls.dynamics.adam(b1=0.8),),
    (NOISE,),
    (ls.noise.independent(1.6),),
    (ls.noise.isotropic(1.5),),
    (ls.Potential(1, tilt, params={"k": 1.0}),),
    (ls.Potential(1, tilt, params={"k": 2.0}),),
]


def test_different_settings_have_different_seeds():
    seeds = [ls.seed_of(*settings, seed=seed) for settings in SETTINGS for seed in (0, 1)]
    assert len(set(seeds)) == len(seeds)


def test_no_collisions_and_even_bits_on_a_grid_of_settings():
    """50 000 neighbors: two equal ones have the probability 7e-11."""
    seeds = [
        ls.seed_of(name, 0.01 * i, j)
        for name in ("sgd", "adam")
        for i in range(250)
        for j in range(100)
    ]
    assert len(set(seeds)) == 50_000
    bits = np.unpackbits(np.array(seeds, dtype=np.uint64).view(np.uint8)).reshape(-1, 64)
    assert (abs(bits.mean(axis=0) - 0.5) < 4.0 * 0.5 / np.sqrt(50_000)).all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ((float("nan"),), "a setting is NaN"),
        ((object(),), "give numbers, strings, parts"),
        ((len,), "give numbers, strings, parts"),
        ((1j,), "give numbers, strings, parts"),
    ],
)
def test_what_has_no_seed(settings, words):
    with pytest.raises(ValueError, match=words):
        ls.seed_of(*settings)


def test_a_seed_must_be_a_seed():
    with pytest.raises(ValueError, match="seed is -1"):
        ls.seed_of(1, seed=-1)


AMPLITUDES = (0.3, 0.4, 0.6)


def sweep(seeds):
    return [
        ls.escape_times(FLAT, SGD, NOISE, epsilon, paths=400, dt=0.05, seed=seed)
        for epsilon, seed in zip(AMPLITUDES, seeds, strict=True)
    ]


def test_a_sweep_with_one_seed_shares_its_draws_and_is_warned_of():
    runs = sweep((7, 7, 7))
    assert shared_draws(runs) == [(0, 1), (0, 2), (1, 2)]
    with pytest.warns(UserWarning, match=r"results 0 and 1 have the seed 7 and the same draws"):
        slope_of(runs)


def test_a_sweep_with_seeds_of_its_settings_is_not():
    runs = sweep([ls.seed_of(epsilon) for epsilon in AMPLITUDES])
    assert shared_draws(runs) == []
    fit = slope_of(runs)
    exact = [
        ls.theory.euler_mean_exit_time(lambda x: x, -1.0, 1.0, alpha=1.5, epsilon=e, dt=0.05)
        for e in AMPLITUDES
    ]
    # The fit to exact means, weighted alike.
    errors = [run.mean / np.sqrt(run.escaped) for run in runs]
    expected = ls.estimators.slope(AMPLITUDES, exact, errors)
    assert abs(fit.value - expected.value) < 4.0 * fit.standard_error


def test_one_seed_for_other_draws_is_no_matter():
    """The jump method draws other numbers from the same seed."""
    euler = ls.escape_times(FLAT, SGD, NOISE, 0.1, paths=400, seed=7)
    jump = ls.escape_times(FLAT, SGD, NOISE, 0.1, paths=400, seed=7, method="jump")
    assert shared_draws([euler, jump]) == []
