"""What results look like when they are printed, and as tables and plain values."""

import json
import pickle
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import levysde as ls
from levysde import theory
from levysde._printed import Printed
from levysde.statistics.scaling import SlopeFit

pytestmark = pytest.mark.quick

NOISE = ls.noise.independent(1.5)
MOST_LINES, LONGEST_LINE, LONGEST_REPR = 40, 100, 160


def times(**options: Any) -> ls.EscapeTimes:
    return ls.escape_times(
        ls.basins.flat(), ls.dynamics.sgd(), NOISE, epsilon=0.5, paths=100, dt=0.1, **options
    )


def comparison() -> ls.Comparison:
    optimizers = [ls.dynamics.sgd(), ls.dynamics.momentum(0.5)]
    return ls.compare(ls.basins.flat(), optimizers, NOISE, epsilon=0.5, paths=100, dt=0.1)


def many_optimizers() -> ls.Comparison:
    optimizers = [
        ls.dynamics.sgd(),
        ls.dynamics.momentum(0.5),
        ls.dynamics.adam(),
        ls.dynamics.adamw(),
        ls.dynamics.rmsprop(),
    ]
    return ls.compare(ls.basins.flat(2), optimizers, ls.noise.independent(1.5), 0.5, 50, 0.05)


def noises() -> ls.NoiseComparison:
    laws = {"light": ls.noise.independent(1.9), "heavy": ls.noise.independent(1.2)}
    return ls.compare_noises(ls.basins.flat(), ls.dynamics.sgd(), laws, lr=0.1, paths=50)


def prediction() -> theory.Prediction:
    return theory.predict(ls.basins.flat(), ls.dynamics.sgd(), NOISE, epsilon=0.1)


def no_prediction() -> theory.Prediction:
    return theory.predict(ls.basins.flat(), ls.dynamics.adam(), NOISE, epsilon=0.1, dt=0.01)


def refinement() -> ls.Refinement:
    return ls.refine(times(), ls.basins.flat(), ls.dynamics.sgd(), NOISE, halvings=2)


def threshold_refinement() -> ls.Refinement:
    numbers: list[Any] = [np.full(2, 0.0), np.array([2.2, 2.1]), np.array([0.01, 0.01])]
    rest: list[Any] = [None, 0.5, 1.0, 2.0, 0.1, (1.8, 2.2), 0.3, "mean(rho) = mean + c rho^0.5"]
    return ls.Refinement(2.2, *numbers, *rest, threshold=np.array([0.1, 0.05]))


def visits() -> ls.Visits:
    potential = ls.potentials.double_well(1)
    sgd = ls.dynamics.sgd()
    setting: dict[str, Any] = {"horizon": 20.0, "paths": 50, "dt": 0.05, "scheme": "flow"}
    return ls.visits(potential, [[-1.0], [1.0]], sgd, NOISE, 0.5, **setting)


def many_wells() -> ls.Visits:
    path = np.arange(90)
    origin = np.zeros(90, np.int64)
    target = path % 29 + 1
    time = np.full(90, 0.5)
    return ls.Visits(np.eye(30), 0, 1.0, 90, path, time, origin, target, 0, 0.1)


def transition_rates() -> theory.TransitionRates:
    potential = ls.potentials.double_well(1)
    return theory.transition_rates(potential, [[-1.0], [1.0]], NOISE, epsilon=0.1)


def varying_rate() -> theory.VaryingRate:
    return theory.VaryingRate(lambda t: 2.0 * t, 1.0, lambda t: t * t)


def tail_index() -> ls.TailIndex:
    samples = np.random.default_rng(1).standard_cauchy((500, 3))
    return ls.tail_index(samples)


def landscape() -> ls.Landscape:
    return ls.find_minima(ls.potentials.double_well(2), [-2.0, -2.0], [2.0, 2.0])


def trajectories() -> ls.Trajectories:
    sgd = ls.dynamics.sgd()
    return ls.trajectories(ls.basins.flat(), sgd, NOISE, 0.1, paths=2, steps=50, dt=0.1)


def costs() -> ls.costs.Costs:
    return ls.costs.Costs(ls.costs.Cost(0.1, 0.001), ls.costs.Cost(1e-5, 0.01))


def sweep() -> ls.Sweep:
    spec = {"paths": 50, "basin": "flat", "grid": {"epsilon": [0.5, 0.8]}}
    with tempfile.TemporaryDirectory() as folder:
        return ls.sweep(spec, folder)


def many_cells() -> ls.Sweep:
    numbers = {"paths": 9, "mean": 2.0, "mean_lower": 1.5, "mean_upper": 2.5, "ratio": None}
    line = {**numbers, "predicted_mean": None, "method": "euler", "seconds": 1.0}
    cells = tuple({"epsilon": 0.01 * i, **line} for i in range(90))
    labels = tuple(
        f"basin.parameters.curvature=100, noise.alpha=1.5, epsilon=0.{i}" for i in range(90)
    )
    failed = {label: "out of memory " * 20 for label in labels[:9]}
    axes: dict[str, list[Any]] = {"epsilon": []}
    return ls.Sweep(Path("folder"), axes, cells, labels, labels[:9], failed, {})


RESULTS: dict[str, Callable[[], Any]] = {
    "times": times,
    "times of nobody": lambda: times(horizon=0.1),
    "comparison": comparison,
    "five optimizers": many_optimizers,
    "noises": noises,
    "prediction": prediction,
    "no prediction": no_prediction,
    "refinement": refinement,
    "threshold": threshold_refinement,
    "visits": visits,
    "many wells": many_wells,
    "transition rates": transition_rates,
    "tail index": tail_index,
    "landscape": landscape,
    "trajectories": trajectories,
    "costs": costs,
    "sweep": sweep,
    "many cells": many_cells,
    "survival": lambda: times().survival(),
    "exponentiality": lambda: times().exponentiality(),
    "slope": lambda: SlopeFit(-1.5, 0.01, 0.5, 0.02, 1.3, 2, 0.52),
}

ESTIMATES = ("mean", "mean_lower", "mean_upper")
COLUMNS = {
    "times": ("time", "status", "exit_0"),
    "comparison": (
        "dynamics", "escaped", *ESTIMATES, "predicted_mean", "ratio", "ratio_lower", "ratio_upper",
        "predicted_ratio",
    ),
    "refinement": ("dt", "mean", "standard_error"),
    "threshold": ("threshold", "dt", "mean", "standard_error"),
    "visits": ("origin", "target", "transitions", "rate", "lower", "upper"),
    "transition rates": ("origin", "target", "rate"),
    "tail index": ("alpha", "lower", "upper", "scale", "beta", "location"),
    "landscape": ("kind", "x_0", "x_1", "smallest_curvature", "joined"),
    "trajectories": ("path", "time", "x_0"),
    "costs": ("method", "seconds", "error"),
    "survival": ("times", "probability", "lower", "upper"),
    "exponentiality": ("statistic", "p_value", "shape"),
    "prediction": (
        "escape_measure", "escape_measure_error", "escape_measure_method", "rate",
        "mean_exit_time", "corrected_mean_exit_time", "reason", "unmet_assumptions",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return {name: make() for name, make in RESULTS.items()}


def problems(shown: str, short: str) -> list[str]:
    """What is wrong with the long and the short form of a result."""
    lines = shown.splitlines()
    wide = [line for line in lines if len(line) > LONGEST_LINE]
    found = [f"{len(lines)} lines"] if len(lines) > MOST_LINES else []
    found += [f"{len(line)} characters: {line}" for line in wide]
    if len(short) > LONGEST_REPR or len(short.splitlines()) != 1:
        found.append(f"repr of {len(short)} characters")
    return found


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_prints_on_one_screen(made: dict[str, Any], name: str) -> None:
    assert problems(str(made[name]), repr(made[name])) == []
    assert str(made[name]) == made[name].summary()


def test_the_rule_sees_a_long_print(made: dict[str, Any]) -> None:
    fields = ", ".join(f"{name}={value!r}" for name, value in vars(made["prediction"]).items())
    assert len(problems(fields, fields)) == 2
    assert problems("a\n" * 41, "a") == ["41 lines"]


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_a_table_of_a_notebook(made: dict[str, Any], name: str) -> None:
    root = ElementTree.fromstring(made[name]._repr_html_())
    head, *body = root.findall("tr")
    assert root.tag == "table"
    assert body
    widths = {sum(int(cell.get("colspan", 1)) for cell in row) for row in body}
    assert widths == {len(head)}
    assert (root.findtext("caption") or "").startswith(type(made[name]).__name__)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_plain_values(made: dict[str, Any], name: str) -> None:
    facts = made[name].to_dict()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_a_table_of_latex(made: dict[str, Any], name: str) -> None:
    lines = made[name].to_latex().splitlines()
    assert lines[0].startswith(r"\begin{tabular}")
    assert lines[-1] == r"\end{tabular}"
    rows = [line for line in lines if line.endswith(r"\\")]
    assert len({line.count(" & ") for line in rows}) == 1


@pytest.mark.parametrize("name", COLUMNS)
def test_a_result_is_a_data_frame(made: dict[str, Any], name: str) -> None:
    pytest.importorskip("pandas")
    frame = made[name].to_dataframe()
    assert tuple(frame.columns) == COLUMNS[name]
    assert len(frame) > 0


def test_without_pandas_one_sentence_says_so(
    made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"^pandas is not installed: pip install"):
        made["comparison"].to_dataframe()


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_that_was_pickled_prints_alike(made: dict[str, Any], name: str) -> None:
    again = pickle.loads(pickle.dumps(made[name]))
    assert (str(again), repr(again)) == (str(made[name]), repr(made[name]))


def test_characters_of_a_table_are_not_its_markup() -> None:
    class Odd(Printed):
        def _rows(self) -> list[dict[str, Any]]:
            return [{"<b> & 'c'": "x < y & \x07"}]

        def __repr__(self) -> str:
            return "Odd(<1>)"

    root = ElementTree.fromstring(Odd()._repr_html_())
    assert root.findtext("caption") == "Odd(<1>)"
    assert [cell.text for cell in root.iter("td")] == [r"x < y & \x07"]


def test_the_data_frame_has_every_path(made: dict[str, Any]) -> None:
    pytest.importorskip("pandas")
    result = made["times"]
    frame = result.to_dataframe()
    assert frame["time"].tolist() == result.times.tolist()
    assert (frame["status"] == "escaped").sum() == result.escaped
    assert frame["exit_0"].tolist() == result.exit_position[:, 0].tolist()


def test_the_theory_stands_beside_the_times_where_it_is_given(made: dict[str, Any]) -> None:
    alone = made["times"].summary()
    both = made["times"].summary(made["prediction"])
    for word in ("predicted  ", "nu(W)"):
        assert word not in alone
        assert word in both


def test_the_table_has_the_numbers_of_the_comparison(made: dict[str, Any]) -> None:
    compared = made["comparison"]
    first, second = compared._rows()
    assert first["ratio"] == 1.0
    assert second["mean"] == compared.results[1].mean
    assert (second["ratio"], second["ratio_lower"], second["ratio_upper"]) == compared.ratios[1]
    assert f"{compared.results[1].mean:.2g}" in compared.summary()


def test_a_rate_that_changes_prints_its_values() -> None:
    law = varying_rate()
    assert problems(str(law), repr(law)) == []
    rates = law.to_dict()["rates"]
    assert [line["rate"] for line in rates] == [2.0 * line["time"] for line in rates]
    ElementTree.fromstring(law._repr_html_())


def test_numbers_that_do_not_exist_are_none() -> None:
    potential, sgd = ls.potentials.double_well(1), ls.dynamics.sgd()
    setting: dict[str, Any] = {"horizon": 1.0, "paths": 1, "dt": 0.05, "scheme": "flow"}
    resting = ls.visits(potential, [[-1.0], [1.0]], sgd, NOISE, 1e-4, **setting)
    optimizers = [sgd, ls.dynamics.momentum(0.5)]
    inside = ls.compare(ls.basins.flat(), optimizers, NOISE, 1e-4, paths=5, dt=0.1, horizon=1.0)
    for text in (str(resting), str(inside), repr(inside)):
        assert "nan" not in text
        assert "none" in text
    laws = {"one": NOISE, "other": ls.noise.independent(1.8)}
    noises = ls.compare_noises(ls.basins.flat(), sgd, laws, lr=1e-4, paths=5, horizon=0.01)
    assert "nan" not in noises.to_latex() + inside.to_latex()


def test_what_stands_beside_a_result_is_a_prediction(made: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="prediction is 3; give a Prediction"):
        made["times"].summary(3)
    with pytest.raises(ValueError, match="predicted is 3; give a TransitionRates"):
        made["visits"].summary(3)


def test_a_printed_result_has_its_warnings() -> None:
    inside = times(horizon=0.1)
    assert inside.warnings
    text = " ".join(str(inside).split())
    assert all(f"warning {sentence}" in text for sentence in inside.warnings)
    assert "warning" not in str(times())


def test_one_of_a_kind_is_singular() -> None:
    wells = ls.find_minima(ls.potentials.double_well(1), [-2.0], [2.0])
    assert str(wells).startswith("2 minima and 1 saddle\n")
    drawn = np.random.default_rng(1).standard_cauchy((400, 1))
    assert "400 draws of 1 coordinate\n" in str(ls.tail_index(drawn))
    sparse = np.where(np.arange(400)[:, None] % 10 == 0, drawn, 0.0)
    with pytest.raises(ValueError, match="1 are constant in half of the draws or more, and 0"):
        ls.tail_index(sparse)
