"""What results draw of themselves: the right numbers, on the axes given."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import levysde as ls
from levysde.runs.ratios import Ratio

pytestmark = pytest.mark.quick

FLAT, SGD, NOISE = ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5)


@pytest.fixture(scope="module")
def run():
    return ls.escape_times(FLAT, SGD, NOISE, 0.5, paths=200)


def by_label(ax):
    return {line.get_label(): line for line in ax.lines}


def bars(ax):
    """Places, heights and ends of the intervals of the only points with intervals."""
    (container,) = ax.containers[:1]
    line, _, (ends,) = container.lines
    return np.array(line.get_data()), np.array(ends.get_segments())


def texts(ax):
    return [text.get_text() for text in ax.texts]


# ------------------------------------------------------------------------------------ escape times


def test_survival_has_the_predicted_line_and_p(run):
    ax = run.plot()
    rate = ls.theory.predict(FLAT, SGD, NOISE, 0.5).rate
    x, y = by_label(ax)["theory"].get_data()
    assert y == pytest.approx(np.exp(-rate * run.mean * x))
    p = run.exponentiality().p_value
    assert texts(ax) == [f"200 of 200 paths escaped\nexponential law: p = {p:.2g}"]


def test_a_given_prediction_is_drawn(run):
    other = ls.theory.predict(FLAT, SGD, NOISE, 0.4)
    x, y = by_label(run.plot(prediction=other))["theory"].get_data()
    assert y == pytest.approx(np.exp(-other.rate * run.mean * x))


def test_a_theory_without_jumps_has_no_line():
    gaussian = (FLAT, SGD, ls.noise.independent(2.0), 0.5)
    run = ls.escape_times(*gaussian, paths=50, dt=0.1, horizon=200.0)
    predicted = ls.theory.predict(*gaussian)
    assert predicted.rate == 0.0
    assert "theory" not in by_label(run.plot())
    assert "theory" not in by_label(run.plot(prediction=predicted))


def test_parts_that_are_not_built_in_have_no_line(run):
    bare = ls.EscapeTimes(run.steps, run.status, run.exit_position, run.dt)
    assert "theory" not in by_label(bare.plot())


def test_exit_positions_have_the_recorded_boundary(run):
    ax = run.plot("exit_positions")
    assert sorted(line.get_xdata()[0] for line in ax.lines) == pytest.approx([-1.0, 1.0], abs=1e-5)


def test_few_escapes_have_no_p(run):
    status = np.full(run.paths, 2, np.int8)
    status[:2] = 1
    few = ls.EscapeTimes(run.steps, status, run.exit_position, run.dt)
    assert texts(few.plot()) == ["2 of 200 paths escaped"]


# ------------------------------------------------------------------------------------ trajectories

CUBE = ls.basins.flat(3)


@pytest.fixture(scope="module")
def sample():
    return ls.trajectories(CUBE, SGD, NOISE, epsilon=0.4, paths=4, steps=300, dt=0.05)


def test_paths_against_time(sample):
    ax = sample.plot(coordinates=(2,))
    assert len(ax.lines) == 4
    assert np.array_equal(ax.lines[1].get_ydata(), sample.positions[1, :, 2])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time", "coordinate 3")


def test_paths_end_at_their_exits(sample):
    ax = sample.plot(basin=CUBE)
    outside = np.array([CUBE.domain.outside_many(path) for path in sample.positions])
    assert outside.any(axis=1).all(), "every path leaves at this amplitude"
    first = outside.argmax(axis=1)
    for line, last in zip(ax.lines, first, strict=False):
        assert np.isfinite(line.get_ydata()).sum() == last + 1
    assert by_label(ax)["exit"].get_xdata() == pytest.approx(sample.times[first])


def test_one_dimension_has_its_boundary():
    sample = ls.trajectories(FLAT, SGD, NOISE, epsilon=0.1, paths=1, steps=50)
    ax = sample.plot(basin=FLAT)
    edges = [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"]
    assert edges == pytest.approx([-1.0, 1.0], abs=1e-5)


def test_any_two_coordinates_in_the_plane(sample):
    ax = sample.plot("plane", CUBE, (2, 0))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("coordinate 3", "coordinate 1")
    assert {"start", "exit", "jump", "boundary"} <= by_label(ax).keys()
    start = by_label(ax)["start"].get_data()
    assert np.array(start) == pytest.approx(sample.positions[:, 0][:, [2, 0]].T)
    crosses = np.array(by_label(ax)["exit"].get_data()).T
    outside = [CUBE.domain.outside_many(path).argmax() for path in sample.positions]
    ends = [path[last] for path, last in zip(sample.positions, outside, strict=True)]
    assert crosses == pytest.approx(np.array(ends)[:, [2, 0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "line"}, "kind is 'line'|kind 'line'"),
        ({"coordinates": (0, 1)}, "give one against time"),
        ({"coordinates": (3,)}, "coordinates"),
        ({"kind": "plane", "coordinates": (1, 1)}, "give two different numbers"),
        ({"kind": "plane", "coordinates": (0, 3)}, "coordinates"),
        ({"kind": "plane", "coordinates": "01"}, "give two numbers from 0"),
        ({"basin": FLAT}, "basin has dimension 1 and the positions have 3"),
    ],
)
def test_bad_sample_paths(arguments, message, sample):
    with pytest.raises(ValueError, match=message):
        sample.plot(**arguments)


def test_a_line_has_no_plane():
    sample = ls.trajectories(FLAT, SGD, NOISE, epsilon=0.1, paths=1, steps=5)
    with pytest.raises(ValueError, match="have one coordinate"):
        sample.plot("plane")


# ------------------------------------------------------------------------------------- comparisons

OPTIMIZERS = [SGD, ls.dynamics.momentum(0.5), ls.dynamics.rmsprop(form="sde", frozen=2.0)]


@pytest.fixture(scope="module")
def compared():
    return ls.compare(FLAT, OPTIMIZERS, NOISE, epsilon=0.5, paths=200, dt=0.05)


def test_ratios_are_drawn_with_their_intervals(compared):
    ax = compared.plot()
    (x, y), ends = bars(ax)
    ratios = np.array(compared.ratios)
    assert x == pytest.approx(ratios[:, 0])
    assert y.tolist() == [0, 1, 2]
    assert ends[:, :, 0] == pytest.approx(ratios[:, 1:])
    theory = [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "--"]
    assert theory == pytest.approx(compared.predicted_ratios)
    assert ax.get_xlabel() == "mean escape time / that of sgd"
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first optimizer is on top"
    assert "200 paths each" in ax.get_legend().get_texts()[-1].get_text()


def test_a_ratio_that_is_not_known_says_so(compared):
    unknown = Ratio(np.nan, np.nan, np.nan)
    found = ls.Comparison(
        compared.results, compared.predictions, (compared.ratios[0], unknown, compared.ratios[2]),
        compared.predicted_ratios, "given", (),
    )  # fmt: skip
    assert texts(found.plot()) == ["no ratio: too few paths escaped"]
    none = ls.Comparison(
        compared.results, compared.predictions, (unknown,) * 3, (None,) * 3, "given", ()
    )
    with pytest.raises(ValueError, match="no ratio is known"):
        none.plot()


def test_laws_of_noise_are_compared_with_the_reference():
    laws = {"narrow": ls.noise.independent(1.5), "wide": ls.noise.independent(1.5, scale=2.0)}
    found = ls.compare_noises(FLAT, SGD, laws, lr=0.05, reference="wide", paths=100)
    ax = found.plot()
    assert ax.get_xlabel() == "mean escape time / that of wide"
    theory = [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "--"]
    assert theory == pytest.approx([2.0**1.5, 1.0])


# ------------------------------------------------------------------------------------------- wells

WELLS = ls.potentials.double_well(1)


@pytest.fixture(scope="module")
def visited():
    return ls.visits(WELLS, [-1.0, 1.0], SGD, NOISE, epsilon=0.3, horizon=100.0, paths=30)


def test_shares_and_rates_of_wells(visited):
    theory = ls.theory.transition_rates(WELLS, [-1.0, 1.0], NOISE, 0.3)
    left, right = visited.plot(theory)
    (x, y), ends = bars(left)
    share = visited.occupation()
    assert (x.tolist(), y) == ([0, 1], pytest.approx(share.value))
    assert ends[:, :, 1] == pytest.approx(np.stack([share.lower, share.upper], axis=1))
    lines = [line.get_ydata()[0] for line in left.lines if line.get_linestyle() == "--"]
    assert lines == pytest.approx(theory.stationary)
    (_, y), _ = bars(right)
    assert y == pytest.approx([visited.rates().value[0, 1], visited.rates().value[1, 0]])
    lines = [line.get_ydata()[0] for line in right.lines if line.get_linestyle() == "--"]
    assert lines == pytest.approx([theory.rates[0, 1], theory.rates[1, 0]])


def test_wells_without_a_transition_have_an_upper_end(visited):
    still = ls.Visits(
        visited.minima, 0, 10.0, 5, *(np.zeros(0, np.int64), np.zeros(0)),
        *(np.zeros(0, np.int64),) * 2, 0, 0.1,
    )  # fmt: skip
    right = still.plot()[1]
    assert "no transition, upper end" in by_label(right)


def test_bad_wells(visited):
    theory = ls.theory.transition_rates(WELLS, [-1.0, 1.0], NOISE, 0.3)
    three = ls.Visits(
        np.array([[0.0], [1.0], [2.0]]), 0, 10.0, 1, np.zeros(0, np.int64), np.zeros(0),
        np.zeros(0, np.int64), np.zeros(0, np.int64), 0, 0.1,
    )  # fmt: skip
    with pytest.raises(ValueError, match="predicted has 2 wells and the result 3"):
        three.plot(theory)
    with pytest.raises(ValueError, match="result is 1"):
        ls.plots.visits(1)
    with pytest.raises(ValueError, match="figure is 1"):
        visited.plot(figure=1)


# ---------------------------------------------------------------------------- refinements and tails


def test_means_and_their_limit():
    run = ls.escape_times(FLAT, SGD, NOISE, 1.0, paths=300, dt=0.04)
    limit = ls.refine(run, halvings=2)
    ax = limit.plot()
    (x, y), ends = bars(ax)
    assert x.tolist() == limit.dt.tolist()
    assert y == pytest.approx(limit.mean)
    half = 0.5 * (ends[:, 1, 1] - ends[:, 0, 1])
    assert half == pytest.approx(1.959963984540054 * limit.standard_error)
    place, height = ax.containers[1].lines[0].get_data()
    assert (place[0], height[0]) == (0.0, limit.extrapolated)
    assert by_label(ax)["run without the correction"].get_ydata()[0] == limit.run_mean
    (model,) = (line for label, line in by_label(ax).items() if label.startswith("error model"))
    assert model.get_ydata()[0] == pytest.approx(limit.extrapolated)
    at_runs = np.interp(limit.dt, *model.get_data())
    assert (np.abs(at_runs - limit.mean) < 4.0 * limit.standard_error).all()


def test_a_limit_of_thresholds_has_thresholds():
    run = ls.escape_times(FLAT, SGD, NOISE, 0.02, paths=200, method="jump", threshold=0.1)
    assert ls.refine(run).plot().get_xlabel() == r"threshold of jumps $\rho$"


def test_tails_draw_themselves():
    found = ls.tail_index(np.random.default_rng(1).standard_cauchy((500, 3)))
    assert len(found.plot()) == 4


# ------------------------------------------------------------------------------------------ sweeps


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    spec = {"paths": 60, "basin": "flat", "grid": {"epsilon": [0.5, 0.8], "alpha": [1.2, 1.6]}}
    return ls.sweep(spec, tmp_path_factory.mktemp("sweep"))


@pytest.mark.parametrize("kind", ["scaling", "collapse", "ratio", "survival"])
def test_a_sweep_draws_itself(swept, kind):
    ax = swept.plot(kind)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    if kind != "survival":
        assert {r"$\alpha$ = 1.2", r"$\alpha$ = 1.6"} <= set(labels)
    mine = Figure().add_subplot()
    assert swept.plot(kind, ax=mine) is mine


def test_a_map_of_a_sweep(swept):
    assert len(swept.plot("phase_map", x="epsilon", y="alpha").texts) == 4
    assert swept.plot("ratio", x="alpha", by=["epsilon"]).get_xlabel() == r"tail index $\alpha$"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "line"}, "kind"),
        ({"kind": "scaling", "bye": 1}, "bye is no option of kind 'scaling'"),
        ({"kind": "survival", "x": 1}, "its options are none"),
        ({"kind": "phase_map", "x": "epsilon"}, "needs y; give columns"),
    ],
)
def test_bad_figures_of_a_sweep(swept, arguments, message):
    with pytest.raises(ValueError, match=message):
        swept.plot(**arguments)


# ------------------------------------------------------------------------------------------ tables


def test_points_have_intervals_and_lines():
    table = {
        "case": ["a", "a", "b"], "x": [1.0, 2.0, 1.0], "y": [3.0, 5.0, 4.0],
        "y_lower": [2.0, 4.0, 3.0], "y_upper": [4.0, 6.0, 5.0], "predicted_y": [3.1, 5.1, None],
    }  # fmt: skip
    ax = ls.plots.points(table, "x", "y", by=["case"])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(labels) == ["a", "b", "predicted"]
    (line,) = (line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()))
    assert line.get_ydata().tolist() == [3.1, 5.1]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    with pytest.raises(ValueError, match="no column 'z'"):
        ls.plots.points(table, "x", "z")
    with pytest.raises(ValueError, match="positive numbers"):
        ls.plots.points({"x": [0.0], "y": [1.0]}, "x", "y")


# ---------------------------------------------------------------------------------------- all alike


@pytest.mark.parametrize("name", ["run", "sample", "compared", "visited"])
def test_figures_fit_and_leave_settings_alone(name, request):
    before = dict(mpl.rcParams)
    ax = np.ravel(request.getfixturevalue(name).plot())[0]
    ax.figure.draw_without_rendering()
    for text in filter(Text.get_text, (ax.xaxis.label, ax.yaxis.label, ax.title)):
        box = text.get_window_extent()
        assert box.x0 >= -1.0
        assert box.y0 >= -1.0
        assert box.x1 <= ax.figure.bbox.x1 + 1.0
        assert box.y1 <= ax.figure.bbox.y1 + 1.0
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", ["run", "sample", "compared"])
def test_axes_are_taken_and_returned(name, request):
    draw, mine = request.getfixturevalue(name).plot, Figure().add_subplot()
    assert draw(ax=mine) is mine
    with pytest.raises(ValueError, match="ax is 1"):
        draw(ax=1)


def test_what_is_no_result():
    for draw in (ls.plots.comparison, ls.plots.refinement, ls.plots.sample_paths):
        with pytest.raises(ValueError, match="is 1"):
            draw(1)


def test_a_notebook_shows_figures_and_a_script_opens_none(monkeypatch):
    from matplotlib import pyplot

    from levysde.report import drawing

    drawing.own_axes()
    assert pyplot.get_fignums() == []
    monkeypatch.setattr(drawing, "in_notebook", lambda: True)
    ax = drawing.own_axes()
    assert [pyplot.figure(number) for number in pyplot.get_fignums()] == [ax.figure]
    pyplot.close("all")
