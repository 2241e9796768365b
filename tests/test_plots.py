"""What the figures show: their lines, labels and files."""

import os
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from levysde.report import figures
from levysde.runs.results import EscapeTimes

PARAMETERS = {"alpha": 1.5, "epsilon": 0.05, "basin": "sharp"}
MAGIC = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}


def make(paths=300, horizon=None, parameters=PARAMETERS, mean_steps=200):
    """Return geometric escape times, cut at the horizon."""
    steps = np.random.default_rng(3).geometric(1.0 / mean_steps, paths)
    status = np.ones(paths, np.int8)
    if horizon is not None:
        status[steps > horizon] = 2
        steps = np.minimum(steps, horizon)
    return EscapeTimes(steps, status, np.ones((paths, 1)), 0.1, parameters)


def lines(ax):
    """Return the lines of an axes by label."""
    return {line.get_label(): line for line in ax.lines}


def test_survival_curve_shows_the_data():
    result = make()
    drawn = lines(figures.survival_curve(result, rate=0.045))
    assert list(drawn) == ["simulation", "fitted exponential", "theory"]
    curve = result.survival()
    assert np.array_equal(drawn["simulation"].get_xdata(), curve.times / result.mean)
    assert np.array_equal(drawn["simulation"].get_ydata(), curve.probability)
    assert drawn["simulation"].get_drawstyle() == "steps-post"
    for label, rate in (("fitted exponential", result.rate), ("theory", 0.045)):
        x, y = drawn[label].get_data()
        assert (x[0], x[-1]) == (0.0, curve.times[-1] / result.mean)
        assert y == pytest.approx(np.exp(-rate * result.mean * x), rel=1e-12)
    assert drawn["theory"].get_linestyle() == "--"


def test_survival_band_is_drawn_where_it_lies():
    result = make(horizon=300)
    (band,) = [
        c for c in figures.survival_curve(result).collections if isinstance(c, PolyCollection)
    ]
    corners = band.get_paths()[0].vertices
    curve = result.survival()
    assert corners[:, 1].min() == pytest.approx(curve.lower.min())
    assert corners[:, 1].max() == 1.0
    assert corners[:, 0].max() == pytest.approx(curve.times[-1] / result.mean)
    # Each bound holds until the next time, as the curve does.
    corner = [curve.times[6] / result.mean, curve.lower[5]]
    assert np.min(np.abs(corners - corner).sum(axis=1)) < 1e-12
    assert band.get_facecolor()[0, 3] > 0.2


def test_labels_title_and_legend():
    ax = figures.survival_curve(make(), rate=0.05)
    assert ax.get_xlabel() == "time / mean escape time"
    assert ax.get_ylabel() == "probability of being inside"
    assert ax.get_title() == r"Escape from the sharp basin: $\alpha$ = 1.5, $\varepsilon$ = 0.05"
    assert ax.get_yscale() == "log"
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["95 % band", "simulation", "fitted exponential", "theory"]


@pytest.mark.parametrize(
    ("parameters", "title"),
    [
        ({}, "Escape times"),
        ({"alpha": 2}, r"Escape times: $\alpha$ = 2"),
        ({"basin": {"name": "flat"}}, "Escape from the flat basin"),
        ({"basin": {"dim": 3}, "alpha": None}, "Escape times"),
    ],
)
def test_title_says_what_is_known(parameters, title):
    assert figures.survival_curve(make(parameters=parameters)).get_title() == title


@pytest.mark.parametrize("horizon", [None, 100])
def test_legend_and_texts_do_not_overlap(horizon):
    ax = figures.survival_curve(make(20_000, horizon), rate=0.05)
    figure = ax.figure
    assert tuple(figure.get_size_inches()) == (6.0, 4.0)
    figure.draw_without_rendering()
    boxes = [
        ax.get_window_extent(),
        ax.get_legend().get_window_extent(),
        ax.xaxis.label.get_window_extent(),
        ax.title.get_window_extent(),
    ]
    for index, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[index + 1 :])
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1


def test_without_theory_there_are_two_lines():
    assert list(lines(figures.survival_curve(make()))) == ["simulation", "fitted exponential"]


def test_without_escapes_time_has_no_scale():
    ax = figures.survival_curve(make(horizon=1, paths=5, mean_steps=10**6), rate=0.05)
    assert ax.get_xlabel() == "time"
    assert list(lines(ax)) == ["simulation", "theory"]
    assert ax.get_xlim() == (0.0, 0.1)
    ax.figure.draw_without_rendering()


def test_many_points_are_thinned_to_points_of_the_curve():
    result = make(20_000, mean_steps=10_000)
    curve = result.survival()
    assert curve.times.size > 5000
    line = lines(figures.survival_curve(result))["simulation"]
    x, y = line.get_data()
    assert 1000 < x.size <= 2000
    assert (x[0], x[-1]) == (0.0, curve.times[-1] / result.mean)
    points = dict(zip(curve.times / result.mean, curve.probability, strict=True))
    assert all(points[a] == b for a, b in zip(x, y, strict=True))


def test_bad_survival_curves():
    for rate in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="rate is"):
            figures.survival_curve(make(), rate=rate)
    with pytest.raises(ValueError, match="made a step"):
        figures.survival_curve(
            EscapeTimes(np.array([0]), np.ones(1, np.int8), np.ones((1, 1)), 0.1)
        )


def test_given_axes_are_used_and_returned():
    left, right = Figure().subplots(1, 2)
    assert figures.survival_curve(make(), ax=left) is left
    assert figures.trajectories([0.0, 1.0], [[0.0, 1.0]], ax=right) is right
    assert (len(left.lines), len(right.lines)) == (2, 1)


def test_several_results_have_one_scale():
    results = [make(300), make(200, mean_steps=20), make(300, horizon=100)]
    ax = figures.survival(results, ["a", "b", "c"])
    drawn = lines(ax)
    assert list(drawn) == ["a", "b", "c", "Exp(1)"]
    for label, result in zip("abc", results, strict=True):
        curve = result.survival()
        assert np.array_equal(drawn[label].get_xdata(), curve.times / result.mean)
        assert np.array_equal(drawn[label].get_ydata(), curve.probability)
        assert drawn[label].get_drawstyle() == "steps-post"
    x, y = drawn["Exp(1)"].get_data()
    assert y == pytest.approx(np.exp(-x))
    assert drawn["Exp(1)"].get_linestyle() == "--"
    assert (ax.get_xlim(), ax.get_yscale()) == ((0.0, x[-1]), "log")
    assert ax.get_xlabel() == "time / mean escape time"
    assert ax.get_ylim()[0] < 0.5 / 300
    styles = {(line.get_color(), str(line._dash_pattern)) for line in ax.lines}
    assert len(styles) == 4


def test_several_results_in_units_of_their_rates():
    results = [make(300), make(horizon=1, paths=5, mean_steps=10**6)]
    ax = figures.survival(results, rates=[0.05, 0.02])
    first, second = ax.lines[:2]
    assert first.get_xdata() == pytest.approx(results[0].survival().times * 0.05)
    assert second.get_xdata() == pytest.approx(results[1].survival().times * 0.02)
    assert ax.get_xlabel() == r"time $\times$ predicted rate"


def test_labels_of_several_results_are_their_settings():
    ax = figures.survival([make(), make(parameters={})])
    label = r"sharp, $\alpha$ = 1.5, $\varepsilon$ = 0.05"
    assert list(lines(ax)) == [label, "result 2", "Exp(1)"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "results has 0 entries; give at least one"),
        ((make(),), r"results is EscapeTimes\(.*\); give a list"),
        (([make(), 1],), r"results\[1\] is 1; give an EscapeTimes"),
        (([make()], ["a", "b"]), "labels has 2 entries; give 1"),
        (([make()], "a"), "labels is 'a'; give a list"),
        (([make()], None, [0.0]), "rates has the value 0; give positive"),
        (([make()], None, [0.1, 0.2]), r"rates has shape \(2,\); give shape \(1,\)"),
        (([make(horizon=1, paths=5, mean_steps=10**6)],), r"results\[0\] has no escape after"),
    ],
)
def test_bad_results(arguments, message):
    with pytest.raises(ValueError, match=message):
        figures.survival(*arguments)


def test_trajectories_show_paths_and_boundaries():
    times = np.linspace(0.0, 2.0, 50)
    paths = np.random.default_rng(4).normal(size=(8, 50)).cumsum(axis=1)
    paths[3, 20:] = np.nan
    ax = figures.trajectories(times, paths, -1.0, 2.0)
    assert len(ax.lines) == 10
    for line, path in zip(ax.lines, paths, strict=False):
        assert np.array_equal(line.get_xdata(), times)
        assert np.array_equal(line.get_ydata(), path, equal_nan=True)
    assert [line.get_ydata()[0] for line in ax.lines[8:]] == [-1.0, 2.0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time", "position")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["boundary"]


def test_trajectories_differ_in_color_or_style():
    ax = figures.trajectories([0.0, 1.0], np.ones((24, 2)))
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 24


def test_a_long_jump_does_not_squash_the_view():
    ax = figures.trajectories([0.0, 1.0, 2.0], [[0.0, 0.5, 1e6]], -1.0, 1.0)
    assert ax.get_ylim()[1] == 3.0
    assert -3.0 <= ax.get_ylim()[0] < -1.0


def test_one_path_may_be_a_vector():
    assert len(figures.trajectories([0.0, 1.0], [0.0, 1.0]).lines) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ([], []),
        ([0.0, 1.0], [[0.0]]),
        ([[0.0, 1.0]], [[0.0, 1.0]]),
        ([0.0], [0.0], 1.0, -1.0),
        ([0.0], [0.0], 1.0, 1.0),
        ([0.0], [0.0], np.nan, 1.0),
    ],
)
def test_bad_trajectories(arguments):
    with pytest.raises(ValueError, match=r"times must|boundaries are|domain_lower is nan"):
        figures.trajectories(*arguments)


@pytest.mark.parametrize(
    ("suffix", "of_ax"), [(".png", True), (".pdf", True), (".svg", True), (".PNG", False)]
)
def test_files(tmp_path, suffix, of_ax):
    ax = figures.survival_curve(make(), rate=0.05)
    path = tmp_path / f"curve{suffix}"
    assert figures.save(ax if of_ax else ax.figure, str(path)) == path
    assert path.read_bytes().startswith(MAGIC[suffix.lower()])
    assert os.listdir(tmp_path) == [path.name]


def test_png_has_200_dots_per_inch(tmp_path):
    content = figures.save(figures.survival_curve(make()), tmp_path / "a.png").read_bytes()
    assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (1200, 800)


def test_axes_of_a_subfigure_save_the_whole_figure(tmp_path):
    figure = Figure(figsize=(6, 4), layout="constrained")
    parts = figure.subfigures(1, 2)
    ax = figures.survival_curve(make(), ax=parts[0].subplots())
    content = figures.save(ax, tmp_path / "a.png").read_bytes()
    assert int.from_bytes(content[16:20]) == 1200


@pytest.mark.parametrize("name", ["curve.jpg", "curve", ".png", "curve.png.gz"])
def test_unknown_suffix(tmp_path, name):
    with pytest.raises(ValueError, match=r"must be one of \.png, \.pdf, \.svg"):
        figures.save(Figure(), tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_failed_write_leaves_the_old_figure(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        figures.save(Figure(), path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]


def test_global_settings_are_left_alone(tmp_path):
    before = dict(mpl.rcParams)
    figures.save(figures.survival_curve(make(), rate=0.05), tmp_path / "a.svg")
    figures.trajectories([0.0, 1.0], [[0.0, 1.0]], -1.0, 1.0)
    assert dict(mpl.rcParams) == before


def test_pyplot_is_never_imported():
    """A fresh interpreter: pyplot would choose a window system."""
    code = "import sys, levysde.plots; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
