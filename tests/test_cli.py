"""The command line: answers, files, exit codes, and one line for every mistake.

Simulated means are compared with exact means of the Euler chain within 4 standard errors, three
times with fixed seeds: the false-alarm rate over fresh seeds is 2e-4.
"""

import inspect
import io
import json
import math
import os
import shlex
import signal
import statistics
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import levysde as ls
from levysde import basins, domains, dynamics, noise, potentials, spec, theory
from levysde.cli import dynamics_options, main
from levysde.runs import results, simulate

QUICK = ("escape", "--basin", "flat", "--epsilon", "0.5", "--paths", "200")
KEYS = {
    "alpha", "epsilon", "basin", "dynamics", "noise", "dim", "dt", "horizon", "paths", "seed",
    "method", "backend", "correction", "noise_params", "escaped", "censored", "non_finite",
    "mean_exit_time", "mean_ci95", "rate", "rate_ci95", "theory", "ratio", "ratio_ci95",
    "exponentiality", "steps", "seconds", "digest", "convention", "versions",
}  # fmt: skip


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def record(self) -> dict[str, Any]:
        def refuse(name: str) -> None:
            raise AssertionError(f"{name} in JSON")

        assert self.out.count("\n") == 1, "exactly one line"
        record: dict[str, Any] = json.loads(self.out, parse_constant=refuse)
        return record


def call(*words: str) -> Answer:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    return Answer(code, out.getvalue(), err.getvalue())


def execute(*words: str, module: bool = True, **options: Any) -> Answer:
    program = [sys.executable, "-m", "levysde"] if module else [executable()]
    done = subprocess.run(
        [*program, *words], capture_output=True, text=True, timeout=60, check=False, **options
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def executable() -> str:
    script = Path(sys.executable).with_name("levysde" + (".exe" if os.name == "nt" else ""))
    if not script.exists():
        pytest.skip("the package is not installed with its script")
    return str(script)


# ------------------------------------------------------------------------------------- the answers


GRIDS = {"sharp": "auto", "flat": "0.05", "asymmetric": "0.004"}
"""Time steps: of those that are not automatic the exact mean is soon solved for."""


@pytest.fixture(scope="module", params=GRIDS)
def acceptance(request: pytest.FixtureRequest) -> dict[str, Any]:
    basin, dt = request.param, GRIDS[request.param]
    answer = call("escape", "--alpha", "1.5", "--basin", basin, "--dt", dt, "--json")
    assert answer.code == 0
    return answer.record


def test_the_record_is_complete(acceptance: dict[str, Any]) -> None:
    assert acceptance.keys() >= KEYS
    assert acceptance["theory"].keys() >= {"escape_measure", "rate", "mean_exit_time"}
    assert acceptance["exponentiality"].keys() == {"statistic", "p_value"}
    assert (acceptance["alpha"], acceptance["epsilon"], acceptance["dim"]) == (1.5, 0.1, 1)
    assert acceptance["escaped"] == acceptance["paths"] == 10_000
    assert acceptance["censored"] == acceptance["non_finite"] == 0
    assert len(acceptance["digest"]) == 64
    assert None not in acceptance.values()


def test_the_record_is_consistent(acceptance: dict[str, Any]) -> None:
    mean, rate = acceptance["mean_exit_time"], acceptance["theory"]["rate"]
    assert acceptance["ratio"] == pytest.approx(mean * rate, rel=1e-12)
    bounds = [bound * rate for bound in acceptance["mean_ci95"]]
    assert acceptance["ratio_ci95"] == pytest.approx(bounds, rel=1e-12)
    assert acceptance["theory"]["mean_exit_time"] == pytest.approx(1.0 / rate, rel=1e-12)
    assert acceptance["steps"] == round(mean / acceptance["dt"] * 10_000)
    assert acceptance["rate_ci95"][0] < acceptance["rate"] < acceptance["rate_ci95"][1]


WELLS = {
    "sharp": (lambda x: 16.0 * x, -0.25, 0.25),
    "flat": (lambda x: x, -1.0, 1.0),
    "asymmetric": (lambda x: np.where(x < 0.0, 16.0 * x, x), -0.25, 1.0),
}


def test_the_ratio_is_that_of_the_exact_euler_chain(acceptance: dict[str, Any]) -> None:
    record = acceptance
    gradient, lower, upper = WELLS[record["basin"]]
    exact = theory.euler_mean_exit_time(
        gradient, lower, upper, 1.5, 0.1, record["dt"], breakpoints=[0.0], tolerance=1e-5
    )
    low, high = record["ratio_ci95"]
    standard_error = (high - low) / (2.0 * 1.96)
    assert standard_error < 0.013
    assert abs(record["ratio"] - exact * record["theory"]["rate"]) < 4.0 * standard_error


@pytest.mark.parametrize("basin", ["sharp", "flat", "asymmetric"])
def test_the_theory_is_the_closed_form(basin: str) -> None:
    _, lower, upper = WELLS[basin]
    record = call("theory", "--basin", basin, "--json").record
    c = math.gamma(2.5) * math.sin(0.75 * math.pi) / math.pi
    measure = c / 1.5 * ((-lower) ** -1.5 + upper**-1.5)
    assert record["escape_measure"] == pytest.approx(measure, rel=1e-9)
    assert record["rate"] == pytest.approx(0.1**1.5 * measure, rel=1e-9)


def test_threads_do_not_change_the_result() -> None:
    one, two = (call(*QUICK, "--json", "--threads", n).record for n in ("1", "2"))
    assert one["digest"] == two["digest"]
    assert one["digest"] != call(*QUICK, "--json", "--seed", "1").record["digest"]


def test_the_answer_for_people_fits_a_terminal() -> None:
    for words in (QUICK, ("theory", "--exact", "--dt", "0.01"), ("theory", "--dim", "3")):
        answer = call(*words)
        assert answer.code == 0
        assert answer.out.isascii()
        assert max(map(len, answer.out.splitlines())) <= 80
    text = call(*QUICK, "--start", "-0.5").out
    parts = (
        "flat basin", "epsilon = 0.5", "200 escaped", "exp(-|u|^alpha)", "nu(W)", "p = ", "digest",
        "ratio = simulated / predicted", "seed 0", "(-0.5)",
    )  # fmt: skip
    for part in parts:
        assert part in text


def test_an_answer_without_escapes_has_null_and_exit_code_1() -> None:
    words = ("escape", "--epsilon", "0.001", "--horizon", "1", "--paths", "20")
    answer = call(*words, "--json")
    record = answer.record
    assert answer.code == 1
    assert (record["escaped"], record["censored"]) == (0, 20)
    assert record["mean_exit_time"] is None
    assert record["mean_ci95"][0] > 0.0
    assert record["mean_ci95"][1] is None
    assert record["ratio"] is None
    assert record["ratio_ci95"] == [None, None]
    assert record["exponentiality"] == {"statistic": None, "p_value": None}
    assert "warning: No path escaped" in answer.err
    table = call(*words)
    assert table.code == 1
    assert "none" in table.out
    assert "nan" not in table.out


def test_gaussian_noise_has_no_predicted_mean_and_no_ratio() -> None:
    words = ("escape", "--alpha", "2", "--basin", "flat", "--epsilon", "1", "--paths", "50")
    answer = call(*words, "--horizon", "50", "--json")
    assert answer.code == 0
    assert answer.record["theory"]["rate"] == 0.0
    assert answer.record["theory"]["mean_exit_time"] is None
    assert answer.record["ratio"] is None
    assert "jumps exist" in answer.err


def test_paths_that_all_became_infinite_have_no_estimate() -> None:
    words = ("--alpha", "0.1", "--epsilon", "1e100", "--scale", "1e100", "--dt", "1e11")
    answer = call("escape", *words, "--paths", "5", "--horizon", "1e12", "--json")
    record = answer.record
    assert answer.code == 1
    assert record["non_finite"] == 5
    assert record["mean_exit_time"] is record["rate"] is record["ratio"] is None
    assert record["mean_ci95"] == record["rate_ci95"] == [None, None]
    assert "warning: 5 of 5 paths became infinite or NaN" in answer.err


def test_precision_not_reached_is_one_warning_and_exit_code_1() -> None:
    answer = call(*QUICK, "--rel-error", "0.01", "--quiet")
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("levysde escape: warning: 200 escapes of 200 paths; rel_error")


def test_precision_reached() -> None:
    answer = call(*QUICK[:-2], "--rel-error", "0.2", "--json")
    record = answer.record
    assert answer.code == 0
    half = (record["rate_ci95"][1] - record["rate_ci95"][0]) / 2.0
    assert 0.1 < half / record["rate"] <= 0.2


def test_quiet_leaves_stderr_empty() -> None:
    assert call(*QUICK).err.startswith("levysde escape: note: theory")
    assert call(*QUICK, "--quiet").err == ""


def test_a_prediction_without_simulation() -> None:
    words = ("theory", "--basin", "flat", "--epsilon", "0.3", "--dt", "0.1", "--exact", "--json")
    record = call(*words).record
    assert record["exact_mean_exit_time"] == pytest.approx(11.918026, rel=1e-6)
    assert record["continuous_mean_exit_time"] == pytest.approx(11.205827, rel=1e-7)
    assert record["continuous_mean_exit_time_error"] < 1e-5
    expected = theory.predict(basins.flat(), dynamics.sgd(), noise.independent(1.5), 0.3)
    assert record["rate"] == expected.rate
    assert record["corrected_mean_exit_time"] == expected.corrected_mean
    assert [a["holds"] for a in record["assumptions"]] == [a.holds for a in expected.assumptions]


def test_the_exact_mean_follows_scale_and_kink() -> None:
    words = ("theory", "--basin", "asymmetric", "--epsilon", "0.15", "--scale", "2", "--dt", "0.01")
    record = call(*words, "--exact", "--json").record
    gradient, lower, upper = WELLS["asymmetric"]
    exact = theory.euler_mean_exit_time(gradient, lower, upper, 1.5, 0.3, 0.01, breakpoints=[0.0])
    assert record["exact_mean_exit_time"] == pytest.approx(exact, rel=1e-7)
    limit = theory.mean_exit_time(gradient, lower, upper, 1.5, 0.3, breakpoints=[0.0])
    assert record["continuous_mean_exit_time"] == pytest.approx(limit.value, rel=1e-7)


def test_a_mean_in_continuous_time_that_is_not_found() -> None:
    words = ("--alpha", "1.0", "--epsilon", "0.03", "--dt", "0.5", "--basin", "flat", "--exact")
    assert call("theory", *words, "--json").record["continuous_mean_exit_time"] is None
    assert "not found to 6 digits" in call("theory", *words).out


def test_information_about_the_installation() -> None:
    record = call("info", "--json").record
    assert record["versions"]["levysde"] == ls.__version__
    assert record["versions"]["numpy"] == np.__version__
    assert record["threads"] >= 1
    assert isinstance(record["cache_writable"], bool)
    assert Path(record["cache_folder"]).is_absolute()
    assert record.keys() == {
        "versions", "platform", "processor", "vector_features", "processors", "threads",
        "cache_folder", "cache_writable", "gpu", "gpu_used", "cuda_missing", "cuda_device",
    }  # fmt: skip
    assert record["versions"].keys() == {
        "levysde", "python", "numpy", "numba", "llvmlite", "scipy", "matplotlib", "tqdm",
    }  # fmt: skip
    text = call("info").out
    assert record["gpu_used"] == (record["cuda_missing"] is None)
    assert str(record["cuda_missing"])[:20] in text or record["cuda_device"] in text
    assert record["processor"] in text


# ------------------------------------------------------------------------------- laws of the noise

MIXING = [[1.0, 0.5], [0.0, 1.0]]
LAWS = {
    "": noise.independent(1.5),
    "--alpha 1.2 --scale 2": noise.independent(1.2, 2.0),
    "--scale 2,0.5": noise.independent(1.5, [2.0, 0.5]),
    "--scale 1,0": noise.independent(1.5, [1.0, 0.0]),
    "--beta -0.5": noise.independent(1.5, 1.0, -0.5),
    "--beta 0.5,-1 --scale 2": noise.independent(1.5, 2.0, [0.5, -1.0]),
    "--noise isotropic --dim 3 --scale 0.5": noise.isotropic(1.5, 0.5),
    "--noise mixed --noise-matrix 1,0.5;0,1": noise.mixed(1.5, MIXING),
    "--noise mixed --noise-matrix -1,2e-1": noise.mixed(1.5, [[-1.0, 0.2]]),
    "--noise mixed --noise-matrix {tmp}/matrix.npy": noise.mixed(1.5, MIXING),
    "--noise elliptic --noise-matrix {tmp}/matrix.txt": noise.elliptic(1.5, MIXING),
    "--noise elliptic --noise-matrix {tmp}/matrix.csv --alpha 2": noise.elliptic(2.0, MIXING),
    "--noise spectral --noise-directions 1,0;3,4 --noise-weights 1,0.5":
        noise.spectral(1.5, [[1.0, 0.0], [3.0, 4.0]], [1.0, 0.5]),
    "--noise spectral --noise-directions {tmp}/matrix.npy --noise-weights {tmp}/column.txt":
        noise.spectral(1.5, MIXING, [1.0, 0.5]),
    "--noise multifractal --alphas 1.2,1.8": noise.multifractal([1.2, 1.8]),
    "--noise multifractal --alphas 1.2,1.8 --scale 1,2": noise.multifractal([1.2, 1.8], [1, 2]),
}  # fmt: skip


@pytest.mark.parametrize("words", LAWS, ids=lambda words: words or "default")
def test_every_law_is_that_of_the_library(words: str, folder: Path) -> None:
    law = LAWS[words]
    options = words.replace("{tmp}", str(folder)).split()
    record = call("theory", "--basin", "flat", *options, "--json").record
    dim = law.dim or record["dim"]
    expected = theory.predict(basins.flat(dim), dynamics.sgd(), law, 0.1)
    assert (record["noise"], record["alpha"], record["dim"]) == (law.name, law.alpha, dim)
    assert record["noise_params"] == {k: np.asarray(v).tolist() for k, v in law.params.items()}
    assert record["escape_measure"] == pytest.approx(expected.escape_measure.value, rel=1e-12)
    assert record["rate"] == pytest.approx(expected.rate, rel=1e-12)
    text = call("theory", "--basin", "flat", *options)
    assert text.code == 0
    assert law.name in text.out
    assert "E exp(iu" in text.out
    assert max(map(len, text.out.splitlines())) <= 80


def test_the_simulation_is_that_of_the_library() -> None:
    words = (*QUICK, "--noise", "mixed", "--noise-matrix", "1,0.5;0,1", "--dt", "0.01")
    record = call(*words, "--correction", "boundary-shift", "--json").record
    result = ls.escape_times(
        basins.flat(2), dynamics.sgd(), noise.mixed(1.5, MIXING), 0.5, paths=200, dt=0.01,
        correction="boundary-shift",
    )  # fmt: skip
    assert record["digest"] == result.digest
    assert record["correction"] == "boundary-shift"
    raw = call(*words, "--json").record
    assert raw["correction"] == "none"
    assert raw["mean_exit_time"] > record["mean_exit_time"]
    assert raw["horizon"] == record["horizon"]
    text = call(*words, "--correction", "boundary-shift").out
    assert "correction   boundary-shift" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("basin", ["flat", "sharp", "asymmetric"])
def test_every_basin_can_be_corrected_in_one_dimension(basin: str) -> None:
    words = ("escape", "--basin", basin, "--epsilon", "0.5", "--paths", "20")
    assert call(*words, "--correction", "boundary-shift").code == 0


def test_a_corrected_run_can_be_resumed_as_it_is(tmp_path: Path) -> None:
    path, words = str(tmp_path / "run.npz"), (*QUICK[:-1], "250")
    shift = ("--correction", "boundary-shift")
    assert call(*QUICK, *shift, "--output", path).code == 0
    resumed = call(*words, *shift, "--resume", path, "--json").record
    assert resumed["digest"] == call(*words, *shift, "--json").record["digest"]
    refused = call(*words, "--resume", path)
    assert refused.code == 2
    assert "correction = 'boundary-shift'" in refused.err


def test_the_exact_chain_of_other_laws() -> None:
    words = ("theory", "--basin", "flat", "--epsilon", "0.3", "--dt", "0.1", "--exact", "--json")
    expected = {
        scale: call(*words, "--scale", scale).record["exact_mean_exit_time"]
        for scale in ("2", "2.5")
    }
    weights = f"2,{2.5**1.5 - 2.0:.17g}"
    for law, scale in (
        (("isotropic", "--scale", "2.5"), "2.5"),
        (("elliptic", "--noise-matrix", "1.5,-2"), "2.5"),
        (("mixed", "--noise-matrix", "-2"), "2"),
        (("spectral", "--noise-directions", "1;-1", "--noise-weights", weights), "2.5"),
        (("multifractal", "--alphas", "1.5", "--scale", "2"), "2"),
    ):
        found = call(*words, "--noise", *law).record["exact_mean_exit_time"]
        assert found == pytest.approx(expected[scale], rel=1e-9)


# --------------------------------------------------------------------------------------- the files


def test_output_holds_the_result_and_can_be_resumed(tmp_path: Path) -> None:
    first, second = str(tmp_path / "first.npz"), str(tmp_path / "second.npz")
    short = call(*QUICK, "--output", first, "--json").record
    assert ls.load(first).digest == short["digest"]
    words = (*QUICK[:-1], "500", "--json")
    resumed = call(*words, "--resume", first, "--output", second).record
    assert resumed["paths"] == 500
    assert resumed["digest"] == call(*words).record["digest"] == ls.load(second).digest
    refused = call(*QUICK, "--resume", second, "--output", second)
    assert refused.code == 2
    assert "500 paths already" in refused.err
    assert ls.load(second).paths == 500


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_plot_is_drawn(tmp_path: Path, suffix: str) -> None:
    figure = tmp_path / f"survival{suffix}"
    assert call(*QUICK, "--plot", str(figure)).code == 0
    assert figure.stat().st_size > 5000


def test_a_failed_write_still_gives_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, path: str) -> None:
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr(results.EscapeTimes, "save", full)
    path = str(tmp_path / "run.npz")
    answer = call(*QUICK, "--output", path, "--json", "--quiet")
    assert answer.code == 3
    assert answer.record["escaped"] == 200
    assert answer.err == f"levysde escape: error: --output {path}: No space left on device\n"


def test_files_are_checked_before_the_simulation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulate, "escape_times", None)
    monkeypatch.setattr(os, "access", lambda *_: False)
    for option, name in (("--output", "run.npz"), ("--plot", "run.pdf")):
        answer = call(*QUICK, option, str(tmp_path / name))
        assert answer.code == 3
        assert "cannot be written" in answer.err


# ----------------------------------------------------------------------------------- interruptions


def test_interrupts_without_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (KeyboardInterrupt(), simulate.Interrupted(None)):

        def stop(*_: object, error: BaseException = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(simulate, "escape_times", stop)
        answer = call(*QUICK)
        assert (answer.code, answer.out) == (130, "")
        assert answer.err.startswith("levysde escape: interrupted: ")
        assert answer.err.count("\n") == 1


# A parent may have told its children to ignore the signal.
HEEDING_SIGINT = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("levysde", run_name="__main__", alter_sys=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGINT cannot be sent to one process")
def test_control_c_keeps_the_finished_paths(tmp_path: Path) -> None:
    model = ("escape", "--basin", "flat", "--epsilon", "0.1", "--threads", "1")
    call(*model, "--paths", "10")  # fills the cache of compiled code
    path = str(tmp_path / "run.npz")
    process = subprocess.Popen(
        [sys.executable, "-c", HEEDING_SIGINT, *model, "--paths", "20000000", "--output", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr is not None
            assert "note: about 1.6e+11 path-steps" in process.stderr.readline()
            time.sleep(0.4)
            began = time.perf_counter()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
            seconds = time.perf_counter() - began
        finally:
            process.kill()
    assert process.returncode == 130
    assert seconds < 1.0
    assert out == ""
    assert f"--resume {path}" in err
    assert err.count("\n") == 1
    kept = ls.load(path)
    assert 0 < kept.paths < 20_000_000
    assert set(kept.status.tolist()) <= {1, 2}
    longer = (*model, "--paths", str(kept.paths + 100), "--json")
    assert call(*longer, "--resume", path).record["digest"] == call(*longer).record["digest"]


@pytest.mark.skipif(os.name == "nt", reason="pipes break in another way")
def test_a_reader_that_goes_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "levysde", "theory"]
        done = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_stdout_that_is_full_is_a_file_problem() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "levysde", "theory"],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.startswith("levysde theory: error: the answer cannot be written")
    assert done.stderr.count("\n") == 1


# --------------------------------------------------------------------------------------- optimizers

OPTIMIZERS = {
    "--dynamics momentum --decay 0.5 --dampening 0.5": dynamics.momentum(0.5, 0.5),
    "--dynamics momentum --form sde --rates per_time --decay 3":
        dynamics.momentum(3.0, form="sde", rates="per_time"),
    "--dynamics rmsprop --decay 0.9 --bias-correction --eps-adam 0.1":
        dynamics.rmsprop(0.9, 0.1, bias_correction=True),
    "--dynamics adam --b1 0.8 --b2 0.99 --form sde --frozen 2":
        dynamics.adam(0.8, 0.99, form="sde", frozen=2.0),
    "--dynamics adam_l2 --weight-decay 0.1": dynamics.adam_l2(weight_decay=0.1),
    "--dynamics adamw --form sde --gradient-noise 2":
        dynamics.adamw(form="sde", gradient_noise=2.0),
    "--dynamics adamprox --frozen 3 --weight-decay 0.2":
        dynamics.adamprox(frozen=3.0, weight_decay=0.2),
    "--clip 0.5": dynamics.sgd(clip=0.5),
}  # fmt: skip


@pytest.mark.parametrize("words", OPTIMIZERS)
def test_options_make_the_optimizer(words: str) -> None:
    record = call(
        "escape", "--basin", "flat", "--epsilon", "0.5", "--paths", "50", "--dt", "0.05",
        "--horizon", "20", *shlex.split(words), "--json",
    ).record  # fmt: skip
    result = simulate.escape_times(
        basins.flat(), OPTIMIZERS[words], noise.independent(1.5), 0.5, paths=50, dt=0.05, horizon=20
    )
    assert record["digest"] == result.digest
    assert record["dynamics"] == OPTIMIZERS[words].name
    assert record["dynamics_options"] == OPTIMIZERS[words].options


def test_every_argument_of_an_optimizer_is_an_option() -> None:
    arguments = {
        name for make in dynamics.DYNAMICS.values() for name in inspect.signature(make).parameters
    }
    assert arguments == set(dynamics_options._OPTIONS)


def test_no_law_is_said_and_no_number_given() -> None:
    words = ("--dynamics", "adam", "--basin", "flat", "--dt", "0.02")
    answer = call("escape", *words, "--paths", "20", "--horizon", "1")
    assert "no law known here" in answer.err
    assert "31.7658" in answer.err
    record = call("escape", *words, "--paths", "20", "--horizon", "1", "--json").record
    assert record["theory"]["rate"] is None
    assert record["ratio"] is None
    assert "31.7658" in record["theory"]["reason"]
    assert call("theory", *words, "--json").record["rate"] is None


def test_compare_prints_a_row_for_every_optimizer() -> None:
    answer = call("compare", "--dynamics", "sgd,adam,adamw", "--basin", "sharp", "--paths", "200")
    assert answer.code == 0
    # Rows are indented by two; what continues a line above is farther to the right.
    rows = [line.split() for line in answer.out.splitlines() if line[:5] in ("  sgd", "  ada")]
    assert [row[0] for row in rows] == ["sgd", "adam", "adamw"]
    assert all(row[1] == "200" for row in rows)
    assert "with the same noise" in answer.out


@pytest.mark.parametrize(("basin", "size"), [("sharp", "4"), ("flat", "0.5")])
def test_compare_shows_both_orders(basin: str, size: str) -> None:
    words = f"--dynamics sgd,adam --form sde --frozen {size} --scale {size} --basin {basin}"
    epsilon = {"sharp": "0.02", "flat": "0.1"}[basin]
    record = call(
        "compare", *words.split(), "--epsilon", epsilon, "--paths", "1000", "--dt", "0.004",
        "--json",
    ).record  # fmt: skip
    sgd, adam = record["optimizers"]
    assert sgd["ratio"] == sgd["predicted_ratio"] == 1.0
    assert adam["predicted_ratio"] == pytest.approx(float(size) ** 1.5, rel=1e-6)
    assert (adam["ratio"] > 1.0) == (float(size) > 1.0)
    low, high = adam["ratio_ci95"]
    # Two more half widths make four standard errors; 5 % are corrections to the leading order.
    room = 0.5 * (high - low) + 0.05 * adam["predicted_ratio"]
    assert low - room < adam["predicted_ratio"] < high + room


# -------------------------------------------------------------------------------------------- help


def test_the_table_of_names_is_what_the_library_has() -> None:
    public = {name: getattr(noise, name) for name in noise.__all__}
    functions = {name for name, value in public.items() if inspect.isfunction(value)}
    # `scaled` takes another law, `none` is for hitting times, `minibatch` for potentials made of
    # data, and `fit` takes samples: no words of the command line.
    others = {"sample", "scaled", "plus_brownian", "none", "minibatch", "fit", "gaussian_of"}
    assert functions - others == set(spec.NOISES)
    assert set(potentials.__all__) - {"Potential", "FiniteSum", "finite_sum"} == set(
        spec.POTENTIALS
    )
    classes = {"Domain", "Polytope", "Quadric", "Shape"}
    assert set(domains.__all__) - classes == set(spec.DOMAINS)
    for kind, names in spec._TABLE.items():
        for name in names:
            assert spec.constructor(kind, name).__name__ == name
    with pytest.raises(ValueError, match="basin 'round' is not built in; choose sharp, flat"):
        spec.constructor("basin", "round")


@pytest.mark.quick
@pytest.mark.parametrize(
    "command",
    [
        (),
        ("escape",),
        ("compare",),
        ("wells",),
        ("theory",),
        ("tail-index",),
        ("plot",),
        ("info",),
        ("completion",),
    ],
)
def test_help(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    answer = call(*command, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert "exit codes:" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80


def test_version() -> None:
    assert call("--version") == (0, f"levysde {ls.__version__}\n", "")


def test_module_and_script_are_the_same() -> None:
    for words in (("--version",), ("theory", "--basin", "nowhere")):
        assert execute(*words, module=True) == execute(*words, module=False)
    words = ("theory", "--basin", "flat", "--json")
    assert execute(*words, module=False) == call(*words)


@pytest.mark.parametrize("words", [("--help",), ("escape", "--help")])
def test_help_is_quick(words: tuple[str, ...]) -> None:
    def median(command: list[str]) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            times.append(time.perf_counter() - began)
        return statistics.median(times)

    seconds = median([executable(), *words])
    # On a machine that is busy the interpreter alone may need as long.
    assert seconds < 0.15 or seconds < median([sys.executable, "-c", "pass"]) + 0.12


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import levysde", ("numba", "scipy", "matplotlib", "tqdm")),
        (
            "import levysde.cli.escape, levysde.cli.theory, levysde.cli.plot, levysde.cli.info",
            ("numpy", "numba"),
        ),
    ],
)
def test_imports_are_late(code: str, absent: tuple[str, ...]) -> None:
    check = f"{code}; import sys; print([name for name in {absent} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# ---------------------------------------------------------------------------------------- mistakes

# Command line | exit code | what the message must name. Words in braces are PLACEHOLDERS, and {tmp}
# is a folder of the test.
MISTAKES = r"""
 | 2 | escape, compare, wells, theory, tail-index, sweep, merge, reproduce, plot, info, completion
escpe | 2 | did you mean escape
ESCAPE | 2 | 'ESCAPE'
'' | 2 | ''
--alpha 1.5 | 2 | --alpha
--versoin | 2 | --versoin
-v | 2 | -v
help | 2 | 'help'
simulate --alpha 1.5 | 2 | simulate
escape --alpha 0 | 2 | alpha is 0
escape --alpha -1 | 2 | alpha is -1
escape --alpha 3 | 2 | alpha is 3
escape --alpha 2.0000001 | 2 | 2
escape --alpha 0.01 | 2 | 0.01
escape --alpha nan | 2 | 'nan'
escape --alpha -nan | 2 | '-nan'
escape --alpha inf | 2 | 'inf'
escape --alpha -inf | 2 | '-inf'
escape --alpha Infinity | 2 | 'Infinity'
escape --alpha 1_5 | 2 | '1_5'
escape --alpha '' | 2 | ''
escape --alpha ' 1.5' | 2 | ' 1.5'
escape --alpha '1.5 ' | 2 | '1.5 '
escape --alpha 1,5 | 2 | '1,5'
escape --alpha 0x1 | 2 | '0x1'
escape --alpha 1.5f | 2 | '1.5f'
escape --alpha one | 2 | 'one'
escape --alpha {arabic} | 2 | {arabic}
escape --alpha {wide}.5 | 2 | {wide}.5
escape --alpha 1e | 2 | '1e'
escape --alpha . | 2 | '.'
escape --alpha 1.5.0 | 2 | '1.5.0'
escape --alpha 1e999 | 2 | '1e999'
escape --alpha 1e-999 | 2 | '1e-999'
escape --alpha "1.5\n" | 2 | 1.5
escape --alpha | 2 | --alpha
escape --alpha --json | 2 | --alpha
escape --alpha=  | 2 | --alpha
escape --alpha 1.5 1.6 | 2 | '1.6'
escape --basin deep | 2 | 'deep'
escape --basin shrap | 2 | did you mean sharp
escape --basin SHARP | 2 | 'SHARP'
escape --basin '' | 2 | --basin ''
escape --basin __class__ | 2 | __class__
escape --basin | 2 | --basin
escape --dim 0 | 2 | dim is 0
escape --dim -1 | 2 | dim is -1
escape --dim 1.5 | 2 | '1.5'
escape --dim 2.0 | 2 | '2.0'
escape --dim two | 2 | 'two'
escape --dim 1000000000 | 2 | 1000000000
escape --epsilon 0 | 2 | epsilon is 0
escape --epsilon -1 | 2 | epsilon is -1
escape --epsilon -1e-3 | 2 | epsilon is -0.001
escape --epsilon 1e300 | 2 | epsilon is 1e+300
escape --epsilon 1e-300 | 2 | epsilon is 1e-300
escape --epsilon 1e-90 | 2 | horizon
escape --epsilon nan | 2 | 'nan'
escape --epsilon | 2 | --epsilon
escape --dynamics adma | 2 | 'adma'
escape --dynamics SGD | 2 | 'SGD'
escape --dynamics sgd,adam | 2 | 'sgd,adam'
escape --b1 0.9 | 2 | --b1 is for adam
escape --dynamics adam --b1 1 | 2 | b1 is 1
escape --dynamics adam --b2 -0.1 | 2 | b2 is -0.1
escape --dynamics adam --eps-adam -1 | 2 | eps is -1
escape --dynamics adamw --weight-decay -1 | 2 | weight_decay is -1
escape --dynamics adam --weight-decay 0.1 | 2 | --weight-decay is for sgd, momentum, adam_l2
escape --dynamics adam --form sgd | 2 | unknown form 'sgd'
escape --dynamics adam --rates per_time | 2 | rates is 'per_time'
escape --dynamics adam --rates often | 2 | unknown rates 'often'
escape --dynamics adam --form sde --frozen 1,2,3 | 2 | frozen has 3 numbers
escape --dynamics adam --frozen 0 | 2 | frozen is 0
escape --dynamics adam --gradient-noise 1 | 2 | gradient_noise is 1
escape --dynamics adam --form sde --frozen 1 --gradient-noise 1 | 2 | give one of them
escape --dynamics adam --form sde --rates per_time --dt 0.5 --b1 3 --frozen 1 | 2 | b1 = 3
escape --dynamics momentum --decay 1 | 2 | decay is 1
escape --dynamics momentum --dampening 1 | 2 | dampening is 1
escape --clip 0 | 2 | clip is 0
compare --dynamics sgd | 2 | at least two
compare --dynamics sgd,sgd | 2 | at least two
compare --dynamics sgd, | 2 | ''
compare --dynamics sgd,adma | 2 | 'adma'
compare --dynamics sgd,momentum --b1 0.5 | 2 | --b1 is for adam
compare --paths 0 | 2 | paths is 0
compare --samples none.npy --noise fitted | 2 | at least two different names
compare --samples none.npy --noise fitted,levy | 2 | 'levy'
compare --samples none.npy --noise fitted,fitted | 2 | fitted,fitted
compare --samples none.npy --noise fitted,gaussian --alpha 1.5 | 2 | --alpha is given
compare --samples none.npy --noise fitted,gaussian --noise-weights 1 | 2 | --noise-weights is
compare --samples none.npy --noise fitted,gaussian | 2 | sgd,adam,adamw; with --samples give one
compare --samples none.npy --noise fitted,gaussian --dynamics sgd | 2 | --samples needs --lr
compare --samples none.npy --noise fitted,gaussian --dynamics sgd --lr 1 --dt 1 | 2 | --dt is 1
compare --samples none.npy --noise fitted,gaussian --dynamics sgd --lr 1 | 3 | none.npy
compare --samples none.txt --noise fitted,gaussian --dynamics sgd --lr 1 | 2 | .npy
compare --dt 0 | 2 | dt is 0
compare --seed -1 | 2 | seed is -1
theory --dynamics adam --dt 0 --frozen 1 | 2 | dt is 0
theory --clip 0.5 --exact --dt 0.1 | 2 | --clip is 0.5
escape --dynamics adam --frozen 1 --correction boundary-shift | 2 | for noise that reaches x
escape --noise white | 2 | 'white'
escape --scale 0 | 2 | scale is 0
escape --scale -1 | 2 | scale is -1
escape --scale 1e200 | 2 | scale is 1e+200
escape --scale 1, | 2 | ''
escape --dim 3 --scale 1,2 | 2 | dimension 2
escape --scale 0,0 | 2 | scale is [0.0, 0.0]
escape --scale 1,-1 | 2 | scale is -1
escape --scale 1,1e200 | 2 | scale is 1e+200
escape --noise isotropic --scale 1,2 | 2 | --scale has 2
escape --beta 2 | 2 | beta is 2
escape --beta nan | 2 | 'nan'
escape --beta 0.5 --alpha 1 | 2 | alpha = 1
escape --beta 0.5,0.1 --scale 1,1,1 | 2 | scale has 3 numbers
escape --beta 0.5 --noise isotropic | 2 | --beta
escape --noise mixd | 2 | did you mean mixed
escape --noise mixed | 2 | needs --noise-matrix
escape --noise elliptic --scale 2 --noise-matrix 1 | 2 | --scale is for
escape --noise-matrix 1 | 2 | mixed or elliptic
escape --noise mixed --noise-matrix | 2 | --noise-matrix
escape --noise mixed --noise-matrix '' | 2 | ''
escape --noise mixed --noise-matrix ';' | 2 | ''
escape --noise mixed --noise-matrix '1,2;3' | 2 | 1 to 2 numbers
escape --noise mixed --noise-matrix 1,,2 | 2 | ''
escape --noise mixed --noise-matrix 1,nan | 2 | 'nan'
escape --noise mixed --noise-matrix 1,x | 2 | 'x'
escape --noise mixed --noise-matrix 1e999,1 | 2 | '1e999'
escape --noise mixed --noise-matrix 1e200,1 | 2 | 1e+200
escape --noise mixed --noise-matrix 0,0;0,0 | 2 | zero
escape --noise mixed --noise-matrix '1,0;0,1' --dim 3 | 2 | dimension 2
escape --noise mixed --noise-matrix {tmp}/missing.npy | 3 | missing.npy
escape --noise mixed --noise-matrix identity | 3 | identity
escape --noise mixed --noise-matrix {tmp}/folder.npz | 3 | folder.npz
escape --noise mixed --noise-matrix {tmp}/damaged.npz | 3 | damaged.npz
escape --noise mixed --noise-matrix {tmp}/truncated.npy | 3 | truncated.npy
escape --noise mixed --noise-matrix {tmp}/huge.npy | 3 | huge.npy
escape --noise mixed --noise-matrix {tmp}/objects.npy | 3 | objects.npy
escape --noise mixed --noise-matrix {tmp}/complex.npy | 3 | real numbers
escape --noise mixed --noise-matrix {tmp}/vector.npy | 2 | shape (3,)
escape --noise mixed --noise-matrix {tmp}/nan.npy | 2 | row 1, column 2
escape --noise mixed --noise-matrix {tmp}/nan.txt | 2 | row 2, column 1
escape --noise mixed --noise-matrix {tmp}/words.txt | 3 | line 2: 'two'
escape --noise mixed --noise-matrix {tmp}/ragged.txt | 3 | 1 to 2 numbers
escape --noise mixed --noise-matrix {tmp}/empty.txt | 3 | no numbers
escape --noise mixed --noise-matrix {tmp}/latin.txt | 3 | latin.txt
escape --noise mixed --noise-matrix /dev/null | 3 | /dev/null
escape --noise spectral --noise-directions 1,0;1,1 | 2 | needs --noise-weights
escape --noise spectral --noise-weights 1 | 2 | needs --noise-directions
escape --noise spectral --noise-directions 1,0;0,0 --noise-weights 1,1 | 2 | direction 1 is zero
escape --noise spectral --noise-directions 1,0;1,1 --noise-weights 1 | 2 | has 1 numbers
escape --noise spectral --noise-directions 1,0;1,1 --noise-weights 1,2;3,4 | 2 | shape (2, 2)
escape --noise spectral --noise-directions 1,0;1,1 --noise-weights 1,-1 | 2 | has -1
escape --noise spectral --noise-directions 1,0 --noise-weights 1e99 --alpha 0.5 | 2 | has 1e+99
escape --noise mixed --noise-matrix 1e-200,0 | 2 | is 1e-200
escape --noise multifractal | 2 | needs --alphas
escape --noise multifractal --alphas 1.2,3 | 2 | alpha is 3
escape --noise multifractal --alphas 1.2,1.5 --alpha 1.5 | 2 | --alpha is for
escape --noise multifractal --alphas 1.2,1.5 --scale 1,2,3 | 2 | 3 numbers
escape --alphas 1.2 | 2 | multifractal
escape --noise-parameter spread=1 | 2 | 'spread' is no further one of independent noise
escape --noise-parameter scale=1 | 2 | 'scale' is no further one of independent noise
escape --dynamics-parameter spread=1 | 2 | spread is no parameter of an optimizer
escape --dynamics-parameter b1=0.9 | 2 | 'b1' has an option; give --b1
escape --dynamics-parameter spread=x | 2 | 'spread' is
escape --correction shift | 2 | 'shift'
escape --correction '' | 2 | correction ''
escape --correction boundary-shift --alpha 0.8 | 2 | refine
escape --correction boundary-shift --beta 0.5 | 2 | skewed
escape --correction boundary-shift --dim 2 --basin asymmetric | 2 | with a normal
escape --correction boundary-shift --epsilon 100 | 2 | give a smaller dt
escape --correction boundary-shift --start 0.2499 | 2 | leaves the start
escape --correction boundary-shift --noise multifractal --alphas 1.5,1.8 | 2 | multifractal
escape --start 0.3 | 2 | 0.3
escape --start -0.25 | 2 | -0.25
escape --start 0.25 | 2 | 0.25
escape --start 0,0 | 2 | 0,0
escape --dim 2 --start 0.1 | 2 | 0.1
escape --dim 2 --start 0.1, | 2 | ''
escape --dim 2 --start '0.1, 0.1' | 2 | ' 0.1'
escape --dim 2 --start 0.1,nan | 2 | 'nan'
escape --start '' | 2 | ''
escape --paths 0 | 2 | paths is 0
escape --paths -1 | 2 | paths is -1
escape --paths 1.5 | 2 | '1.5'
escape --paths 1e4 | 2 | write it like 10000
escape --paths 10_000 | 2 | '10_000'
escape --paths 10,000 | 2 | '10,000'
escape --paths many | 2 | 'many'
escape --paths {arabic} | 2 | {arabic}
escape --paths 300000000000000 | 2 | 300000000000000
escape --paths 99999999999999999999999999999999999999999999 | 2 | 9999999999
escape --rel-error 0 | 2 | rel_error is 0
escape --rel-error -0.1 | 2 | rel_error is -0.1
escape --rel-error 1% | 2 | '1%'
escape --rel-error 1e-9 | 2 | 1e-09
escape --dt 0 | 2 | dt is 0
escape --dt -0.1 | 2 | dt is -0.1
escape --dt automatic | 2 | or auto
escape --dt nan | 2 | 'nan'
escape --dt 1e-300 | 2 | 1e-300
escape --horizon 0 | 2 | horizon is 0
escape --horizon -1 | 2 | horizon is -1
escape --horizon inf | 2 | 'inf'
escape --horizon 1e300 | 2 | 1e+300
escape --alpha 2 | 2 | give horizon
escape --seed -1 | 2 | seed is -1
escape --seed 18446744073709551616 | 2 | 18446744073709551616
escape --seed 1.0 | 2 | write it like 1
escape --seed 0x10 | 2 | '0x10'
escape --method eluer | 2 | 'eluer'
escape --backend gpu | 2 | 'gpu'
escape --threads 0 | 2 | threads is 0
escape --threads -2 | 2 | threads is -2
escape --threads 1e9 | 2 | '1e9'
escape --threads 1000000 | 2 | 1000000
escape --threads all | 2 | 'all'
escape --output run.txt | 2 | 'run.txt'
escape --output '' | 2 | ''
escape --output run | 2 | 'run'
escape --output .npz | 2 | '.npz'
escape --output - | 2 | '-'
escape --output {tmp}/none/run.npz | 3 | none/run.npz
escape --output {tmp}/folder.npz | 3 | folder.npz
escape --output {tmp}/damaged.npz/run.npz | 3 | damaged.npz/run.npz
escape --output {long}.npz | 3 | xxxxxxxx
escape --output | 2 | --output
escape --plot run.gif | 2 | 'run.gif'
escape --plot run | 2 | 'run'
escape --plot run.png.npz | 2 | 'run.png.npz'
escape --plot {tmp}/none/run.png | 3 | none/run.png
escape --plot {tmp}/folder.pdf | 3 | folder.pdf
escape --resume {tmp}/missing.npz | 3 | missing.npz
escape --resume {tmp}/damaged.npz | 3 | damaged.npz
escape --resume {tmp}/empty.npz | 3 | empty.npz
escape --resume {tmp}/other.npz | 3 | other.npz
escape --resume {tmp}/folder.npz | 3 | folder.npz
escape --resume '' | 3 | No such file
escape --resume {tmp}/good.npz --alpha 1.2 | 2 | alpha = 1.5
escape --resume {tmp}/good.npz --basin flat | 2 | basin = 'sharp'
escape --resume {tmp}/good.npz --seed 1 | 2 | seed = 0
escape --resume {tmp}/good.npz --dt 0.1 | 2 | dt
escape --resume {tmp}/good.npz --dim 2 | 2 | potential
escape --resume {tmp}/good.npz --start 0.1 | 2 | start = [0.0]
escape --resume {tmp}/good.npz --paths 3 | 2 | has 4 paths
escape --alph 1.5 | 2 | did you mean --alpha
escape --path 10 | 2 | did you mean --paths
escape --jsn | 2 | did you mean --json
escape --json=yes | 2 | 'yes'
escape --frobnicate=3 | 2 | --frobnicate
escape -a 1.5 | 2 | -a
escape 1.5 | 2 | '1.5'
escape sharp | 2 | 'sharp'
escape -- sharp | 2 | '--'
escape "--x\ny" | 2 | --x
theory --alpha 0 | 2 | alpha is 0
theory --paths 10 | 2 | --paths
theory --correction boundary-shift | 2 | --correction
theory --noise mixed | 2 | needs --noise-matrix
theory --exact --beta 0.5 | 2 | skewed
theory --exact --noise isotropic --dim 2 | 2 | --dim
theory --exact --scale 1,2 | 2 | --dim
theory --basin round | 2 | 'round'
theory --epsilon 0 | 2 | epsilon is 0
theory --start 1 | 2 | (1)
theory --exact --dim 2 | 2 | --dim is 2
theory --dt 0.1 | 2 | --dt 0.1
theory --exact --dt 0 | 2 | dt is 0
theory --exact --basin flat --alpha 1 --epsilon 0.02 --dt 0.001 | 2 | dt = 0.001
theory --output run.npz | 2 | --output
info --alpha 1.5 | 2 | --alpha
info verbose | 2 | 'verbose'
"""

PLACEHOLDERS = {"{arabic}": "\u0661", "{wide}": "\uff11", "{long}": "x" * 300, r"\n": "\n"}

LINES = [line.rsplit(" | ", 2) for line in MISTAKES.strip("\n").split("\n")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mistakes")
    (path / "folder.npz").mkdir()
    (path / "folder.pdf").mkdir()
    (path / "empty.npz").touch()
    good = ls.escape_times(
        basins.sharp(), dynamics.sgd(), noise.independent(1.5), epsilon=0.1, paths=4
    )
    bytes_of_good = good.save(path / "good.npz").read_bytes()
    (path / "damaged.npz").write_bytes(bytes_of_good[:-100])
    np.savez(path / "other.npz", x=np.arange(3))
    _write_matrices(path)
    return path


def _write_matrices(path: Path) -> None:
    """Files for the options of the noise, good ones and others."""
    np.save(path / "matrix.npy", MIXING)
    (path / "matrix.txt").write_text("# rows\n1 0.5\n\n0  1.0  # the last one\n")
    (path / "matrix.csv").write_text("1, 0.5\r\n0,1\r\n")
    (path / "column.txt").write_text("1\n0.5\n")
    (path / "truncated.npy").write_bytes((path / "matrix.npy").read_bytes()[:-8])
    header = (path / "matrix.npy").read_bytes()[:128]
    (path / "huge.npy").write_bytes(header.replace(b"(2, 2)", b"(2, 99999999)")[:128])
    np.save(path / "objects.npy", np.array([[print]]), allow_pickle=True)
    np.save(path / "complex.npy", np.array([[1j]]))
    np.save(path / "vector.npy", np.arange(3.0))
    np.save(path / "nan.npy", np.array([[1.0, np.nan]]))
    (path / "nan.txt").write_text("1,2\nnan,1\n")
    (path / "words.txt").write_text("1,2\n1,two\n")
    (path / "ragged.txt").write_text("1,2\n3\n")
    (path / "empty.txt").write_text("# nothing\n")
    (path / "latin.txt").write_bytes(b"1 2 \xe9\n")


def test_there_are_many_mistakes() -> None:
    assert len(LINES) >= 100
    assert len({line for line, _, _ in LINES}) == len(LINES)


@pytest.mark.quick
@pytest.mark.parametrize(("line", "code", "named"), LINES, ids=[line for line, _, _ in LINES])
def test_a_mistake_is_one_line(line: str, code: str, named: str, folder: Path) -> None:
    for placeholder, text in {**PLACEHOLDERS, "{tmp}": str(folder)}.items():
        line, named = line.replace(placeholder, text), named.replace(placeholder, text)
    words = shlex.split(line)
    answer = call(*words)
    assert answer.code == int(code)
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    command = (
        words[0] if words and words[0] in ("escape", "compare", "theory", "plot", "info") else ""
    )
    assert answer.err.startswith(f"levysde {command}".rstrip() + ": error: ")
    assert named in answer.err
    assert "Traceback" not in answer.err
    assert len(answer.err) < 400


@pytest.mark.parametrize(
    ("words", "code", "module"),
    [
        (("escape", "--alpha", "1_5"), 2, True),
        (("escape", "--basin", "deep"), 2, False),
        (("escape", "--output", "/nowhere/run.npz"), 3, False),
        (("escpe",), 2, True),
    ],
)
def test_a_mistake_from_outside(words: tuple[str, ...], code: int, module: bool) -> None:
    answer = execute(*words, module=module)
    assert (answer.code, answer.out) == (code, "")
    assert answer.err.count("\n") == 1
    assert ": error: " in answer.err
