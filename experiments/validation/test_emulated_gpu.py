"""The compiled kernels without a graphics processor: launched by numba-cuda, run by the processor.

Needs the extra ``kernels`` and a C compiler; see `emulated_gpu`.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import test_device
from emulated_gpu.ptx import Module, UnknownInstructionError

import levysde as ls

pytest.importorskip("numba_cuda", reason="the extra kernels is not installed")
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")

VALIDATION = Path(__file__).parent
ROOT = VALIDATION.parents[1]

ANOTHER_LIBRARY = {"drawn by a user"}
"""Settings with a power, which NVIDIA's library rounds otherwise than that of the processor: paths
leave at the same steps, but not at the same places to the last bit."""

FLAT = ls.basins.flat(), ls.dynamics.sgd(), ls.noise.independent(1.5), 0.1
ESCAPE = ["-m", "levysde", "escape", "--basin", "flat", "--epsilon", "0.1", "--dt", "0.05",
          "--method", "euler", "--backend", "cuda"]  # fmt: skip


def emulated(*words, **device):
    """The end of a program that has the emulated device."""
    return subprocess.run(
        [sys.executable, "-m", "emulated_gpu", *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(VALIDATION)} | {k: str(v) for k, v in device.items()},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def test_compiled_kernels_give_the_numbers_of_the_processor():
    """Every law, every optimizer, parts of a user, jumps and skipped iterations, bit for bit."""
    run = emulated(ROOT / "tests" / "device_settings.py", 1)
    assert run.returncode == 0, run.stderr[-2000:]
    for group, found in json.loads(run.stdout).items():
        test_device.check_group(group, found, 1, ANOTHER_LIBRARY)


@pytest.mark.parametrize(
    "statement",
    ["set.lt.u32.u32 %r1, %r1, %r1", "mul24.lo.u32 %r1, %r1, %r1", "mul.u32 %r1, %r1, %r1",
     "add.cc.u32 %r1, %r1, %r1", "bar.sync 0", "trap"],
)  # fmt: skip
def test_instructions_that_are_not_known_are_not_guessed(statement):
    kernel = ".visible .entry kernel()\n{{\n.reg .b32 %r<2>;\n{};\nret;\n}}\n"
    assert "r1 + " in Module(kernel.format("add.u32 %r1, %r1, %r1")).source()
    with pytest.raises(UnknownInstructionError, match=statement.split(".")[0]):
        Module(kernel.format(statement)).source()


def test_the_benchmark_finds_the_numbers_of_the_processor():
    """SGD and Adam in 1, 2, 10 and 100 dimensions."""
    run = emulated(
        ROOT / "experiments" / "benchmarks" / "gpu.py",
        "--paths", 256, "--repeats", 1, "--horizon", 0.5, "--json",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    rows = json.loads(run.stdout)["rows"]
    assert [row["dim"] for row in rows] == [1, 1, 2, 2, 10, 10, 100, 100]
    assert all(row["equal"] for row in rows)


@pytest.mark.parametrize(
    ("device", "told"),
    [
        ({"EMULATED_DEVICES": 0}, "no NVIDIA GPU with a driver was found; use backend 'cpu'"),
        ({"EMULATED_VERSION": 12080}, "the driver of the GPU supports CUDA 12.8, and 13.0 is"),
        ({"EMULATED_MEMORY": 2000}, "not enough memory on the GPU (CUDA_ERROR_OUT_OF_MEMORY); g"),
        ({"EMULATED_FAULT": 2}, "the GPU failed (CUDA_ERROR_ILLEGAL_ADDRESS); restart Python, or"),
    ],
)
def test_what_a_driver_does_not_do_is_one_line(device, told):
    run = emulated(*ESCAPE, "--paths", 300, **device)
    assert (run.returncode, run.stdout) == (4, "")
    (line,) = run.stderr.splitlines()
    assert line.startswith("levysde escape: error: ")
    assert told in line


def test_the_first_of_two_is_used():
    run = emulated("-m", "levysde", "info", EMULATED_DEVICES=2)
    assert "emulated H100, the first of 2 (CUDA_VISIBLE_DEVICES)" in " ".join(run.stdout.split())
    run = emulated(*ESCAPE, "--paths", 300, "--json", EMULATED_DEVICES=2)
    assert json.loads(run.stdout)["digest"] == processor(300).digest


def processor(paths):
    return ls.escape_times(*FLAT, paths=paths, dt=0.05, method="euler")


def test_what_does_not_fit_into_memory_at_once_is_run_in_lots(tmp_path):
    """Ten thousand paths need 170 kB beside a table of 110 kB."""
    run = emulated(*ESCAPE, "--paths", 10_000, "--json", EMULATED_MEMORY=250_000)
    assert json.loads(run.stdout)["digest"] == processor(10_000).digest


@pytest.mark.parametrize(("end", "code"), [("EMULATED_INTERRUPT", 130), ("EMULATED_FAULT", 4)])
def test_finished_paths_are_kept_and_resumed_on_the_processor(end, code, tmp_path):
    file, paths = tmp_path / "run.npz", 3 * 10**6
    run = emulated(*ESCAPE, "--paths", paths, "--output", file, "--quiet", **{end: 60})
    assert run.returncode == code, run.stderr
    kept = ls.load(file)
    assert 1000 < kept.paths < paths
    assert kept.parameters["backend"] == "cuda"
    assert kept.digest == processor(kept.paths).digest
    some = ls.escape_times(*FLAT, paths=kept.paths + 50, resume=kept, dt=0.05, method="euler")
    assert some.digest == processor(kept.paths + 50).digest


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("out[:] = x - 0.0", "it makes an array, for which a device has no room"),
        ("out[0] = x[0] + 0.0 * np.linalg.norm(x)", "cannot be compiled for the GPU: "),
    ],
)
def test_what_cannot_be_compiled_is_one_line(line, told, tmp_path):
    source = tmp_path / "own.py"
    source.write_text(
        f"import numpy as np\nfrom levysde import Basin, domains, potentials\n\n\n"
        f"def gradient(x, p, out):\n    {line}\n\n\n"
        f"def value(x, p):\n    return 0.5 * x[0] * x[0]\n\n\n"
        f"own = Basin(potentials.Potential(1, gradient, value), domains.interval(-1, 1), [0.0])\n"
    )
    run = emulated(*ESCAPE, "--paths", 100, "--basin", f"{source}:own")
    assert (run.returncode, run.stdout) == (2, "")
    (line,) = run.stderr.splitlines()
    assert told in line
