"""What the figures of tables show: the numbers of the table, and nothing that is missing in it."""

import math
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from levysde import plots

EPSILON = np.array([0.4, 0.1, 0.2])


def make(basins=("flat", "sharp"), alphas=(1.5,), epsilon=EPSILON):
    """Return a table of a law that holds but for a correction."""
    rows = [(b, a, e) for b in basins for a in alphas for e in epsilon]
    predicted = [(1 + basins.index(b)) * e**-a for b, a, e in rows]
    mean = [m * (1.0 - 0.5 * e) for m, (_, _, e) in zip(predicted, rows, strict=True)]
    table = {
        "basin": [row[0] for row in rows],
        "alpha": [row[1] for row in rows],
        "epsilon": [row[2] for row in rows],
        "seed": list(range(len(rows))),
        "mean": mean,
        "predicted_mean": predicted,
        "corrected_mean": [0.99 * m for m in mean],
        "ratio": [m / p for m, p in zip(mean, predicted, strict=True)],
    }
    for name in ("mean", "ratio"):
        table[f"{name}_lower"] = [0.9 * value for value in table[name]]
        table[f"{name}_upper"] = [1.2 * value for value in table[name]]
    return table


def points(ax):
    """Return x, y and the ends of the intervals of each group by label."""
    found = {}
    for container in ax.containers:
        line, _, (bars,) = container.lines
        ends = np.array([segment[:, 1] for segment in bars.get_segments() if len(segment)])
        found[container.get_label()] = (*line.get_data(), ends)
    return found


def theory(ax, style):
    """Return the data of the lines of a style, of groups only."""
    drawn = [
        line for line in ax.lines if line.get_linestyle() == style and line.get_marker() == "None"
    ]
    return [line.get_data() for line in drawn if len(line.get_xdata()) > 1]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


class Frame:
    """As much of a data frame as is needed; it is no mapping."""

    def __init__(self, table):
        self.table = table

    def keys(self):
        return list(self.table)

    def __getitem__(self, name):
        return np.array(self.table[name], dtype=object)


@pytest.mark.parametrize("kind", [dict, Frame])
def test_scaling_shows_the_table(kind):
    table = make()
    ax = plots.scaling(kind(table))
    drawn = points(ax)
    assert list(drawn) == ["flat", "sharp"]
    order = np.argsort(EPSILON)
    for group, (x, y, ends) in zip((0, 1), drawn.values(), strict=True):
        mean = np.array(table["mean"])[3 * group : 3 * group + 3][order]
        assert np.array_equal(x, EPSILON[order])
        assert np.array_equal(y, mean)
        assert ends == pytest.approx(np.column_stack([0.9 * mean, 1.2 * mean]))
    leading, corrected = theory(ax, "-"), theory(ax, "--")
    assert len(leading) == len(corrected) == 2
    assert leading[1][1] == pytest.approx(2.0 * EPSILON[order] ** -1.5)
    assert corrected[0][1] == pytest.approx(0.99 * np.array(table["mean"])[:3][order])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        r"noise amplitude $\varepsilon$",
        "mean escape time",
    )
    assert set(legend(ax)) == {"flat", "sharp", "leading order", "corrected"}


def test_groups_differ_in_color_and_in_marker():
    ax = plots.scaling(make(basins=tuple("abcdef")))
    lines = [container.lines[0] for container in ax.containers]
    assert len({line.get_color() for line in lines}) == 6
    assert len({line.get_marker() for line in lines}) == 6


def test_lines_of_a_group_have_its_color():
    ax = plots.scaling(make())
    colors = [container.lines[0].get_color() for container in ax.containers]
    drawn = [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 1]
    assert [line.get_color() for line in drawn] == colors


def test_groups_of_several_columns():
    ax = plots.scaling(make(alphas=(1.2, 1.5)), by=("basin", "alpha"))
    assert list(points(ax))[:2] == [r"flat, $\alpha$ = 1.2", r"flat, $\alpha$ = 1.5"]
    assert list(points(plots.scaling(make(basins=("flat",)), by=()))) == ["simulation"]
    assert list(points(plots.scaling(make(), by="basin"))) == ["flat", "sharp"]


def test_settings_that_are_not_told_apart_are_refused():
    with pytest.raises(ValueError, match=r"rows 0 and 3 .* differ in alpha; name what tells"):
        plots.scaling(make(alphas=(1.2, 1.5)))
    repeated = {name: column + column for name, column in make().items()}
    repeated["seed"] = list(range(12))
    assert len(points(plots.scaling(repeated))["flat"][0]) == 6


def test_settings_may_be_lists():
    table = {**make(basins=("flat",)), "start": [[0.0], [0.1], [0.2]]}
    assert list(points(plots.scaling(table, by=("start",)))) == ["[0.0]", "[0.1]", "[0.2]"]
    table["epsilon"] = [0.1] * 3
    table["start"] = [np.zeros(2), np.ones(2), np.ones(2)]
    with pytest.raises(ValueError, match=r"rows 0 and 1 .* differ in start"):
        plots.scaling(table)


def test_missing_numbers_are_left_out():
    table = make()
    table["mean"][0], table["mean"][1] = None, math.nan
    table["mean_lower"][2] = None
    table["predicted_mean"][3:] = [math.nan] * 3
    del table["corrected_mean"]
    ax = plots.scaling(table)
    drawn = points(ax)
    assert drawn["flat"][0].tolist() == [0.2]
    assert drawn["flat"][2].shape == (0,)
    assert len(drawn["sharp"][0]) == 3
    assert "corrected" not in legend(ax)
    ax.figure.draw_without_rendering()


def test_collapse_has_the_diagonal():
    table = make()
    ax = plots.collapse(table)
    x, y, ends = points(ax)["sharp"]
    assert x == pytest.approx(table["predicted_mean"][3:])
    assert y == pytest.approx(table["mean"][3:])
    assert ends[:, 1] == pytest.approx(table["mean_upper"][3:])
    ((low, high),) = [line[0] for line in theory(ax, "-")]
    assert theory(ax, "-")[0][0].tolist() == theory(ax, "-")[0][1].tolist()
    assert low < min(table["mean"])
    assert high > max(table["predicted_mean"])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_ratio_shows_the_table():
    table = make()
    ax = plots.ratio(table)
    x, y, ends = points(ax)["flat"]
    assert x.tolist() == [0.1, 0.2, 0.4]
    assert y == pytest.approx([0.95, 0.9, 0.8])
    assert ends == pytest.approx(np.outer([0.95, 0.9, 0.8], [0.9, 1.2]))
    assert theory(ax, "-")[0][1] == [1.0, 1.0]
    assert theory(ax, "--")[0][1] == pytest.approx(0.99 * y)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")


def test_every_interval_of_a_ratio_is_in_view():
    """Points beside their place do not count for the view by themselves."""
    table = make(basins=tuple("abcdef"))
    ax = plots.ratio(table)
    low, high = ax.get_ylim()
    assert low < min(table["ratio_lower"])
    assert max(table["ratio_upper"]) < high
    ax.figure.draw_without_rendering()
    shown = ax.transData.transform([(0.1, 0.95)])[0]
    places = [
        container.lines[0].get_transform().transform([(0.1, 0.95)])[0] - shown
        for container in ax.containers
    ]
    aside = [place[0] for place in places]
    assert aside == pytest.approx((np.arange(6) - 2.5) * 3.0 * ax.figure.dpi / 72.0)
    assert [place[1] for place in places] == pytest.approx([0.0] * 6)


def test_a_wide_ratio_is_logarithmic():
    table = make()
    table["ratio"][0] = 100.0
    assert plots.ratio(table).get_yscale() == "log"


@pytest.mark.parametrize("draw", [plots.scaling, plots.ratio])
def test_few_places_are_all_labeled(draw):
    ax = draw(make())
    ax.figure.draw_without_rendering()
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0.1", "0.2", "0.4"]


@pytest.mark.parametrize("draw", [plots.scaling, plots.ratio])
def test_one_place_has_short_lines_and_a_label(draw):
    ax = draw(make(epsilon=[0.1]))
    for x, y in theory(ax, "--"):
        assert x[0] * x[1] == pytest.approx(0.01)
        assert y[0] == y[1]
    assert len(theory(ax, "--")) == 2
    assert ax.get_xlim() == (0.05, 0.2)
    ax.figure.draw_without_rendering()
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0.1"]


def test_labels_of_places_do_not_overlap():
    ax = plots.scaling(make(epsilon=np.geomspace(0.0123456, 1.0, 11)))
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    boxes = [
        text.get_window_extent()
        for place, text in zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
        if low <= place <= high
    ]
    assert len(boxes) > 1
    assert not any(box.overlaps(other) for box, other in pairwise(boxes))


# Maps


def test_phase_map_shows_the_table():
    table = make(basins=("flat",), alphas=(1.8, 1.2))
    ax = plots.phase_map(table, "epsilon", "alpha")
    (mesh,) = ax.collections
    assert np.array(mesh.get_array()) == pytest.approx(np.array([[0.95, 0.9, 0.8]] * 2))
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0.1", "0.2", "0.4"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["1.2", "1.8"]
    assert [text.get_text() for text in ax.texts] == ["0.95", "0.9", "0.8"] * 2
    assert isinstance(mesh.norm, LogNorm)
    assert mesh.norm(1.0) == pytest.approx(0.5)
    assert ax.figure.axes[1].get_ylabel() == "simulated / predicted mean"


def test_cells_without_a_value_are_hatched():
    table = make(basins=("flat",), alphas=(1.2, 1.8))
    table["ratio"][0], table["ratio"][4] = None, math.nan
    ax = plots.phase_map(table, "epsilon", "alpha")
    hatched = {patch.get_xy() for patch in ax.patches if isinstance(patch, Rectangle)}
    assert hatched == {(2, 0), (0, 1)}
    assert all(patch.get_hatch() for patch in ax.patches)
    assert len(ax.texts) == 4


def test_names_may_be_on_an_axis():
    ax = plots.phase_map(make(), "epsilon", "basin", value="mean")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["flat", "sharp"]
    assert ax.figure.axes[1].get_ylabel() == "mean"


def test_many_cells_have_no_numbers():
    alphas, epsilon = np.linspace(1.1, 1.9, 11), np.geomspace(0.001, 1.0, 20)
    ax = plots.phase_map(make(("flat",), alphas, epsilon), "epsilon", "alpha")
    assert not ax.texts
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.get_xticklabels()]
    assert len(boxes) > 3
    assert not any(box.overlaps(other) for box, other in pairwise(boxes))


def test_long_names_below_a_map_are_at_an_angle():
    ax = plots.phase_map(
        make(tuple(f"a basin of a name {i}" for i in range(6))), "basin", "epsilon"
    )
    assert [text.get_rotation() for text in ax.get_xticklabels()] == [30.0] * 6


@pytest.mark.parametrize(("values", "logarithmic"), [((1.0, 2.0, 3.0), 0), ((1.0, 10.0, 100.0), 1)])
def test_wide_values_have_a_logarithmic_scale(values, logarithmic):
    table = {"epsilon": [0.1, 0.2, 0.3], "dim": [1, 1, 1], "mean": list(values)}
    (mesh,) = plots.phase_map(table, "epsilon", "dim", "mean").collections
    assert isinstance(mesh.norm, LogNorm) == bool(logarithmic)


def test_one_cell_is_a_map():
    ax = plots.phase_map({"alpha": [1.5], "dim": [2], "ratio": [1.0]}, "alpha", "dim")
    ax.figure.draw_without_rendering()


# All of them


def draw(name, table, ax=None):
    if name == "phase_map":
        return plots.phase_map(table, "epsilon", "basin", ax=ax)
    return getattr(plots, name)(table, ax=ax)


NAMES = ("scaling", "collapse", "ratio", "phase_map")


@pytest.mark.parametrize("name", NAMES)
def test_given_axes_are_used_and_settings_left_alone(name):
    before = dict(mpl.rcParams)
    _, right = Figure(layout="constrained").subplots(1, 2)
    assert draw(name, make(), right) is right
    part = Figure(layout="constrained").subfigures(1, 2)[0].subplots()
    assert draw(name, make(), part) is part
    part.figure.figure.draw_without_rendering()
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("basins", [("flat",), tuple(f"a basin of a name {i}" for i in range(6))])
def test_nothing_is_cut_off(name, basins):
    ax = draw(name, make(basins))
    figure = ax.figure
    figure.draw_without_rendering()
    boxes = [ax.get_window_extent(), ax.xaxis.label.get_window_extent()]
    if ax.get_legend() is not None:
        boxes.append(ax.get_legend().get_window_extent())
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"basin": None}, "the table has no column 'basin'; it has alpha, "),
        (
            {"mean": ["a"] * 6, "ratio": ["a"] * 6},
            r"column '(mean|ratio)' is \['a', .*give numbers",
        ),
        ({"mean": [1.0], "ratio": [1.0]}, "has 1 rows and 'basin' has 6; give one value"),
        ({"mean": [None] * 6, "ratio": [math.nan] * 6}, "the table has no row with"),
        ({"mean": [-1.0] * 6, "ratio": [0.0] * 6}, "positive"),
    ],
)
def test_bad_tables(name, change, message):
    table = {**make(), **change}
    table = {key: column for key, column in table.items() if column is not None}
    with pytest.raises(ValueError, match=message):
        draw(name, table)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("table", [None, [1.0], "table", {}])
def test_what_is_no_table(name, table):
    with pytest.raises(
        ValueError, match=r"give a mapping of columns|has no column .*; it has none"
    ):
        draw(name, table)


def test_two_rows_in_one_cell():
    with pytest.raises(
        ValueError, match="rows 0 and 3 of the table have the same epsilon and basin"
    ):
        plots.phase_map(make(alphas=(1.2, 1.5)), "epsilon", "basin")


@pytest.mark.parametrize("name", NAMES)
def test_bad_axes(name):
    with pytest.raises(ValueError, match="ax is 1; give axes of matplotlib, or None"):
        draw(name, make(), 1)
