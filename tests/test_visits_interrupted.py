"""Visits that are interrupted keep the paths that have reached the horizon."""

import pickle

import pytest

import levysde as ls
from levysde.cli import main
from levysde.runs.progress import Bar

WELLS, LAW, SGD = ls.potentials.double_well(1), ls.noise.independent(1.5), ls.dynamics.sgd()
EULER = {"epsilon": 0.3, "horizon": 400.0, "method": "euler"}
JUMP = {"epsilon": 0.01, "horizon": 1e6, "method": "jump"}


def visits(paths, **options):
    return ls.visits(WELLS, [-1.0, 1.0], SGD, LAW, paths=paths, threads=1, seed=3, **options)


def stopping(least):
    """A progress function that interrupts once so many paths are finished."""

    def look(finished, total):
        if finished >= least:
            raise KeyboardInterrupt

    return look


@pytest.mark.parametrize("options", [EULER, JUMP], ids=["euler", "jump"])
def test_the_finished_paths_are_those_of_a_shorter_run(options):
    with pytest.raises(
        ls.Interrupted, match=r"finished paths are in .* all of them have reached the horizon"
    ) as caught:
        visits(2000, **options, progress=stopping(1))
    kept = pickle.loads(pickle.dumps(caught.value)).result
    assert 0 < kept.paths < 2000
    assert kept.digest == visits(kept.paths, **options).digest
    assert kept.digest != visits(kept.paths + 1, **options).digest


@pytest.mark.parametrize("options", [EULER, JUMP], ids=["euler", "jump"])
def test_an_interrupt_after_the_last_path_loses_nothing(options):
    """Progress is told of the end, and may be the one that hears the interrupt."""
    options = options | {"horizon": 0.01 * options["horizon"]}
    with pytest.raises(ls.Interrupted) as caught:
        visits(8, **options, progress=stopping(8))
    assert caught.value.result.digest == visits(8, **options).digest


@pytest.mark.parametrize("options", [EULER, JUMP], ids=["euler", "jump"])
def test_without_a_finished_path_nothing_is_kept(options):
    with pytest.raises(ls.Interrupted, match="interrupted; nothing is kept") as caught:
        visits(8, **options | {"horizon": 1e9}, progress=stopping(0))
    assert caught.value.result is None


def test_paths_from_minimum_to_minimum_go_on_together():
    """What a run of exits had finished is not a result of visits."""
    wells = ls.potentials.double_well(2)
    with pytest.raises(ls.Interrupted) as caught:
        ls.visits(
            wells, [[-1.0, 0.0], [1.0, 0.0]], SGD, LAW, 0.01, 1e6, paths=100, method="jump",
            progress=stopping(0),
        )  # fmt: skip
    assert (str(caught.value), caught.value.result) == ("interrupted; nothing is kept", None)


def test_the_command_answers_with_them(monkeypatch, capsys, tmp_path):
    """And ends with the exit code of the signal."""
    look = stopping(1)
    monkeypatch.setattr(Bar, "__call__", lambda bar, finished, total: look(finished, total))
    file = tmp_path / "visits.npz"
    words = "wells --epsilon 0.3 --horizon 400 --paths 2000 --threads 1 --save"
    assert main([*words.split(), str(file)]) == 130
    kept = ls.load_visits(file)
    assert 0 < kept.paths < 2000
    assert f"{kept.paths} of 2000 paths had reached the horizon" in capsys.readouterr().err
