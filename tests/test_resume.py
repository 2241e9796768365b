"""Runs of the jump method that are continued: with the same parts, and with no others."""

import copy
import dataclasses
import math
from typing import Any

import pytest

import levysde as ls
from levysde.runs.run import check_same

LAW = ls.noise.independent(1.5)


def outside(x: Any, p: Any) -> bool:
    return bool(abs(x[0]) >= 1.0)


def margin(x: Any, p: Any, covariance: Any, reach: float) -> float:
    return (1.0 - abs(x[0])) / math.sqrt(covariance[0, 0]) if covariance[0, 0] > 0.0 else math.inf


def small_margin(x: Any, p: Any, covariance: Any, reach: float) -> float:
    room = 0.3 * (1.0 - abs(x[0]))
    return room / math.sqrt(covariance[0, 0]) if covariance[0, 0] > 0.0 else math.inf


def run(paths: int, own: Any, **options: Any) -> ls.EscapeTimes:
    basin = ls.Basin(ls.potentials.quadratic(1), ls.Domain(1, outside, margin=own), [0.0])
    options = {"method": "jump", "horizon": 1e9, **options}
    return ls.escape_times(basin, ls.dynamics.sgd(), LAW, 0.1, paths=paths, **options)


def test_another_margin_is_another_run() -> None:
    first, whole = run(50, margin), run(100, margin)
    assert run(100, margin, resume=first).digest == whole.digest
    for other in (small_margin, None):
        with pytest.raises(ValueError, match="another margin function"):
            run(100, other, resume=first)
    bare = run(50, None)
    assert "margin" not in bare.parameters["code"]
    with pytest.raises(ValueError, match="another margin function"):
        run(100, margin, resume=bare)


def test_margin_is_nothing_to_euler() -> None:
    euler: dict[str, Any] = {"method": "euler", "dt": 0.1}
    first = run(50, margin, **euler)
    assert run(100, small_margin, resume=first, **euler).digest == run(100, None, **euler).digest


def test_what_differs_is_told_in_short() -> None:
    """However many numbers the parts hold."""
    x = [[float(i), 1.0] for i in range(500)]
    risk = ls.potentials.linear_regression(x, [float(i % 7) for i in range(500)])
    basin = ls.Basin(risk, ls.domains.ball(risk.center, 9.0), risk.center)
    sgd = ls.dynamics.sgd()
    first = ls.escape_times(basin, sgd, LAW, 0.001, paths=2, dt=1e-6, horizon=1e-5)
    for place, told in ((0, "has .*y = .*, this run has"), (499, r"has another .*y than this run")):
        now = copy.deepcopy(dict(first.parameters))
        now["potential"]["params"]["y"][place] += 0.5
        with pytest.raises(ValueError, match=f"{told}.*resume with the same") as refusal:
            check_same(now, first)
        assert len(str(refusal.value)) < 400
    with pytest.raises(ValueError, match=r"has epsilon = 0\.001, this run has 0\.25; resume"):
        check_same({**first.parameters, "epsilon": 0.25}, first)


def test_runs_continue_whoever_chose_the_method() -> None:
    flat, sgd = ls.basins.flat(), ls.dynamics.sgd()
    options: dict[str, Any] = {"horizon": 1e9}
    made = ls.escape_times(flat, sgd, LAW, 1e-3, paths=50, method="jump", **options)
    chosen = ls.escape_times(flat, sgd, LAW, 1e-3, paths=50, method="auto", **options)
    assert chosen.parameters["method"] == "jump"
    for first, method in ((made, "auto"), (chosen, "jump")):
        whole = ls.escape_times(
            flat, sgd, LAW, 1e-3, paths=100, method=method, resume=first, **options
        )
        assert (whole.times[:50] == made.times).all()
    reworded = dataclasses.replace(
        chosen, parameters={**chosen.parameters, "method_reason": "costs were other"}
    )
    again = ls.escape_times(
        flat, sgd, LAW, 1e-3, paths=100, method="auto", resume=reworded, **options
    )
    assert again.paths == 100
    with pytest.raises(ValueError, match="epsilon"):
        ls.escape_times(flat, sgd, LAW, 1e-4, paths=100, method="auto", resume=chosen, **options)
