"""What the figures of positions show: exits, boundaries, and jumps as jumps."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure

import levysde as ls
from levysde import plots
from levysde.runs.results import EscapeTimes


def made(positions, status=None, parameters=None):
    positions = np.asarray(positions, float)
    count = len(positions)
    status = np.ones(count, np.int8) if status is None else np.array(status, np.int8)
    return EscapeTimes(np.ones(count, np.int64), status, positions, 0.1, parameters or {})


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.fixture(scope="module")
def heavy():
    """Exits of a heavy tail on both sides of (-1, 1)."""
    rng = np.random.default_rng(1)
    x = rng.choice([-1.0, 1.0], 4000) * rng.uniform(size=4000) ** (-1.0 / 1.5)
    return made(x[:, None], parameters={"alpha": 1.5})


# One dimension


def test_a_histogram_has_the_share_in_view(heavy):
    ax = plots.exit_positions(heavy, ls.basins.flat())
    steps = ax.patches[1].get_data()
    share = float(np.sum(steps.values * np.diff(steps.edges)))
    x = heavy.exit_position[:, 0]
    assert share == pytest.approx(np.mean(np.abs(x) <= ax.get_xlim()[1]))
    assert ax.get_xlim() == pytest.approx((-4.0, 4.0), rel=0.05)
    assert [text.get_text() for text in ax.texts] == [f"{100 * (1 - share):.2g} % of exits beyond"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("exit position", "probability density")
    assert ax.get_title() == r"Escape times: $\alpha$ = 1.5"


def test_bins_end_at_the_boundary(heavy):
    ax = plots.exit_positions(heavy, ls.basins.flat())
    steps = ax.patches[1].get_data()
    inside = (steps.edges[:-1] > -1.0 - 1e-5) & (steps.edges[1:] < 1.0 + 1e-5)
    assert inside.sum() > 5
    assert not steps.values[inside].any()
    assert [line.get_xdata()[0] for line in ax.lines] == pytest.approx([-1.0, 1.0], abs=1e-5)
    assert legend(ax) == ["exit position", "boundary"]


def test_an_unbounded_side_has_no_boundary(heavy):
    well = ls.Basin(ls.potentials.double_well(1), ls.domains.interval(0.0, np.inf), minimum=[1.0])
    (line,) = plots.exit_positions(heavy, well).lines
    assert line.get_xdata()[0] == pytest.approx(0.0, abs=1e-5)


def test_without_a_basin_nine_of_ten_are_in_view(heavy):
    ax = plots.exit_positions(heavy)
    low, high = ax.get_xlim()
    x = heavy.exit_position[:, 0]
    assert np.mean((low <= x) & (x <= high)) == pytest.approx(0.9, abs=0.02)
    assert not ax.lines


@pytest.mark.parametrize("x", [[1.5], [1.5, 1.5], [1.5, -1.5], [1e300, 2.0, -3.0]])
def test_few_exits(x):
    plots.exit_positions(made(np.array(x)[:, None])).figure.draw_without_rendering()


def test_only_exits_are_drawn():
    result = made([[5.0], [0.0], [np.nan], [4.0]], status=[1, 2, 3, 1])
    steps = plots.exit_positions(result).patches[1].get_data()
    assert steps.edges[0] > 3.0
    with pytest.raises(ValueError, match="no path escaped: there are no exit positions; give"):
        plots.exit_positions(made([[0.0]], status=[2]))


# The plane


def test_exits_in_the_plane():
    rng = np.random.default_rng(2)
    positions = rng.standard_normal((6000, 3)) * 3.0
    basin = ls.basins.flat(3)
    ax = plots.exit_positions(made(positions), basin)
    (points,) = [c for c in ax.collections if isinstance(c, PathCollection)]
    low, high = ax.get_xlim()
    assert (low, high) == ax.get_ylim()
    shown = positions[:5000, :2]
    shown = shown[(np.abs(shown) <= high).all(axis=1)]
    assert np.array_equal(points.get_offsets(), shown)
    assert points.get_rasterized()
    assert ax.get_aspect() == 1.0
    assert legend(ax) == ["boundary", "exit position"]
    share = 1.0 - np.mean((np.abs(positions[:, :2]) <= high).all(axis=1))
    assert ax.texts[0].get_text() == f"{100 * share:.2g} % of exits beyond"


def test_the_boundary_is_where_the_domain_ends():
    ax = plots.exit_positions(made([[2.0, 0.0]]), ls.basins.flat(2))
    (potential,) = [c for c in ax.collections if isinstance(c, QuadContourSet)]
    (corners,) = [line.get_xydata() for line in ax.lines if len(line.get_xdata()) > 1]
    # A cell of the grid is a 200th of the view, and halved 8 times.
    assert len(corners) > 100
    cell = np.diff(ax.get_xlim())[0] / 200
    assert np.hypot(*corners.T) == pytest.approx(np.ones(len(corners)), abs=cell / 2**8)
    # F = |x|^2 / 2: the lines are circles.
    for level, path in zip(potential.levels, potential.get_paths(), strict=True):
        assert np.hypot(*path.vertices.T) == pytest.approx(np.sqrt(2.0 * level), rel=0.02)


def test_a_potential_without_values_has_a_boundary_only():
    def gradient(x, p, out):
        out[0] = x[0]
        out[1] = x[1]

    basin = ls.Basin(ls.Potential(2, gradient), ls.domains.ball([0.0, 0.0], 1.0), [0.0, 0.0])
    ax = plots.exit_positions(made([[2.0, 0.0]]), basin)
    assert not [c for c in ax.collections if isinstance(c, QuadContourSet)]
    assert [len(line.get_xdata()) > 1 for line in ax.lines] == [True, False]


# Paths


def walk(steps=200):
    return np.random.default_rng(3).standard_normal((steps, 2)).cumsum(axis=0) * 0.01


def test_jumps_are_drawn_as_jumps():
    path = walk()
    path[100:] += [3.0, -2.0]
    ax = plots.plane([path])
    smooth, jump, start = ax.lines[:3]
    assert (smooth.get_linestyle(), jump.get_linestyle()) == ("-", ":")
    expected = np.insert(path, 100, np.nan, axis=0)
    assert np.array_equal(np.column_stack(smooth.get_data()), expected, equal_nan=True)
    ends = np.column_stack(jump.get_data())
    assert np.array_equal(ends, [path[99], path[100], [np.nan] * 2], equal_nan=True)
    assert np.column_stack(start.get_data()).tolist() == [path[0].tolist()]
    assert jump.get_linewidth() < smooth.get_linewidth()
    assert legend(ax) == ["start", "jump"]


def test_exits_are_marked():
    basin = ls.basins.flat(2)
    left, stays = walk() * 0.1, walk() * 0.1
    left[150:] = [1.5, 0.5]
    left[151:] = np.nan
    ax = plots.plane([left, stays], basin)
    (exits,) = [line for line in ax.lines if line.get_label() == "exit"]
    assert exits.get_xydata().tolist() == [[1.5, 0.5]]
    assert "exit" not in legend(plots.plane([stays], basin))


def test_a_path_without_jumps_is_one_line():
    path = walk()
    ax = plots.plane(path)
    assert np.array_equal(np.column_stack(ax.lines[0].get_data()), path)
    assert [len(line.get_xdata()) for line in ax.lines[1:]] == [1]
    assert legend(ax) == ["start"]


def test_paths_of_a_simulation_over_their_basin():
    basin = ls.basins.asymmetric(2)
    found = ls.trajectories(basin, ls.dynamics.sgd(), ls.noise.independent(1.5), 0.2, steps=300)
    ax = plots.plane(found.positions, basin)
    # Twice the distance of the boundary, which is 1 on the right.
    assert ax.get_xlim() == pytest.approx((-2.0, 2.0), rel=0.05)
    assert "boundary" in legend(ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("coordinate 1", "coordinate 2")


def test_what_is_not_finite_is_left_out():
    path = walk()
    path[50:] = np.inf
    plots.plane([path, np.full_like(path, 0.0)]).figure.draw_without_rendering()
    with pytest.raises(ValueError, match="no finite position"):
        plots.plane(np.full((2, 5, 2), np.nan))


# All of them


def test_given_axes_are_used_and_settings_left_alone(heavy):
    before = dict(mpl.rcParams)
    left, right = Figure().subplots(1, 2)
    assert plots.exit_positions(heavy, ax=left) is left
    assert plots.plane(walk(), ax=right) is right
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.plane(np.zeros(3)), r"paths has shape \(3,\); give \(paths, points, dim\)"),
        (lambda: plots.plane(np.zeros((1, 3, 1))), r"paths has shape \(1, 3, 1\); give"),
        (lambda: plots.plane(np.zeros((0, 3, 2))), r"paths has shape \(0, 3, 2\); give"),
        (lambda: plots.plane("ab"), "paths is 'ab'; give numbers"),
        (lambda: plots.plane(walk(), ls.basins.flat(3)), "basin has dimension 3 and .* have 2"),
        (lambda: plots.plane(walk(), "flat"), "basin is 'flat'; give a Basin"),
        (lambda: plots.plane(walk(), ax=1), "ax is 1; give axes"),
        (lambda: plots.exit_positions(walk()), "result is .*; give an EscapeTimes"),
        (lambda: plots.exit_positions(made([[2.0]]), ls.basins.flat(2)), "basin has dimension 2"),
    ],
)
def test_bad_input(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
