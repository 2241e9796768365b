"""Parts of a user by name: "module:name" and "file.py:name", and the results made with them."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import user_parts

import levysde as ls
from levysde import imported, spec

SOURCE = """
from dataclasses import dataclass

import numpy as np
import levysde as ls

STIFFNESS = 2.0


@dataclass(frozen=True)
class Note:
    text: str


def gradient(x, p, out):
    for j in range(len(x)):
        out[j] = STIFFNESS * p[0] * x[j]


def outside(x, p):
    square = 0.0
    for j in range(len(x)):
        square += x[j] * x[j]
    return square >= p[0] * p[0]


def step(j, x, m, v, g, dL, dt, t, p):
    return x - dt * p[0] * g + dL, m, v


def well(dim=1, stiffness=1.0, radius=0.5):
    potential = ls.Potential(dim, gradient, params={"k": stiffness})
    domain = ls.Domain(dim, outside, {"radius": radius})
    return ls.Basin(potential, domain, np.zeros(dim), name="mine")


def slow(speed=1.0):
    return ls.Dynamics("slow", step, params={"speed": speed}, sde=True)


def needs(dim, depth):
    return well(dim)


def potential_only():
    return fixed.potential


def broken(depth=0):
    return 1 / depth


fixed = well(2)
law = ls.noise.isotropic(1.2)
number = 3.0
"""

pytestmark = pytest.mark.quick


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "my wells.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def modules():
    """What a test executes is forgotten after it."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if imported.file_of(name) is not None:
            del sys.modules[name]


# ------------------------------------------------------------------------------------ what is found


def test_a_built_in_part_is_that_of_its_constructor():
    basin = spec.part("basin", "quadratic", dim=2, upper=3.0)
    assert (basin.name, basin.dim) == ("quadratic", 2)
    assert spec.part("noise", "independent", alpha=1.5).alpha == 1.5
    assert spec.part("dynamics", "momentum", decay=0.5).params["decay"] == 0.5
    assert spec.part("potential", "quartic", coefficient=2.0).params["coefficient"] == 2.0
    assert spec.part("domain", "interval", lower=-1.0, upper=2.0).dim == 1


def test_parts_of_a_file(file):
    basin = spec.part("basin", f"{file}:well", dim=2, stiffness=3.0)
    assert (basin.name, basin.dim) == ("mine", 2)
    assert basin.potential.gradient_at([1.0, 2.0]).tolist() == [6.0, 12.0]
    assert spec.part("basin", f"{file}:fixed").dim == 2
    assert spec.part("noise", f"{file}:law").alpha == 1.2
    assert spec.part("dynamics", f"{file}:slow", speed=0.5).params["speed"] == 0.5
    assert spec.part("potential", f"{file}:potential_only").dim == 2


def test_parts_of_a_module():
    assert spec.part("basin", "levysde.basins:ball", dim=3).dim == 3
    assert spec.find("noise", "levysde.noise:isotropic") is ls.noise.isotropic


def test_a_module_of_the_working_folder(file, tmp_path, monkeypatch):
    (tmp_path / "wells_here.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    try:
        assert spec.part("basin", "wells_here:well").dim == 1
    finally:
        del sys.modules["wells_here"]
    assert str(tmp_path) not in sys.path


def test_relative_paths_and_those_of_the_home(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    monkeypatch.setenv("HOME", str(file.parent))
    names = (f"{file}:well", "my wells.py:well", "./my wells.py:well")
    names += () if os.name == "nt" else ("~/my wells.py:well",)
    assert len({id(imported.find(name)) for name in names}) == 1


def test_a_file_is_executed_once_until_it_changes(file):
    first = imported.find(f"{file}:well")
    assert imported.find(f"{file}:well") is first
    stamp = file.stat()
    file.write_text(SOURCE.replace("STIFFNESS = 2.0", "STIFFNESS = 5.0"), encoding="utf-8")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # as large and as old as before
    again = imported.find(f"{file}:well")
    assert again is not first
    assert again().potential.gradient_at([1.0]).tolist() == [5.0]
    # What the file was before is nowhere to be found now.
    assert spec.import_path(first) is None
    assert spec.import_path(again) == f"{os.path.realpath(file)}:well"


def test_a_file_imports_its_neighbours_and_shadows_nothing(tmp_path):
    (tmp_path / "neighbour_of_wells.py").write_text("depth = 7.0\n", encoding="utf-8")
    path = tmp_path / "random.py"
    path.write_text("from neighbour_of_wells import depth\nimport math\n", encoding="utf-8")
    random, search = sys.modules.get("random"), list(sys.path)
    assert imported.find(f"{path}:depth") == 7.0
    assert sys.modules.get("random") is random
    assert sys.path == search
    del sys.modules["neighbour_of_wells"]


def test_classes_and_functions_of_a_file_are_pickled(file):
    note = imported.find(f"{file}:Note")("text")
    assert pickle.loads(pickle.dumps(note)) == note
    gradient = imported.find(f"{file}:gradient")
    assert pickle.loads(pickle.dumps(gradient)) is gradient


# ---------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("kind", "name", "params", "words"),
    [
        ("well", "sharp", {}, "the kind of part 'well' is unknown; known: potential"),
        ("basin", "shap", {}, r"basin 'shap' is unknown \(did you mean sharp\?\); known: sharp"),
        ("basin", 3, {}, "the name of the basin is 3; give text"),
        ("basin", "F", {}, "wells.py:NAME, NAME being what"),
        ("basin", "F:", {}, "names no part"),
        ("basin", ":well", {}, "names no part; give file.py:NAME"),
        ("basin", "F:wel", {}, r"has no 'wel' \(did you mean well\?\)"),
        ("basin", "F:well.x.y", {}, "has no 'x'"),
        ("basin", "F:number", {}, "is of type float; give a Basin, or a function that returns"),
        ("basin", "F:law", {}, "give a Basin"),
        ("noise", "F:fixed", {}, "is of type Basin; give a Noise"),
        ("basin", "F:potential_only", {}, "returned a value of type Potential; return a Basin"),
        ("basin", "F:fixed", {"dim": 2}, "has no parameters any more; leave out dim"),
        ("basin", "F:needs", {"dim": 1}, "needs depth; give a value for each"),
        ("basin", "F:well", {"radus": 1.0}, r"no parameter 'radus' \(did you mean radius\?\); it"),
        ("basin", "F:potential_only", {"dim": 1}, "no parameter 'dim'; it has none"),
        ("basin", "F:well", {"radius": "wide"}, "well: parameter 'radius' is 'wide'; give"),
        ("basin", "F:well", {"dim": "x"}, "well"),
        ("basin", "F:broken", {}, r"failed with no parameters \(ZeroDivisionError: division"),
        ("basin", "F:broken", {"depth": 0.0}, r"failed with depth = 0.0 \(ZeroDivisionError"),
        ("basin", "tilted", {"tlt": 0.1}, r"basin tilted has no parameter 'tlt' \(did you mean ti"),
        ("basin", "tilted", {"tilt": [0.1]}, "basin tilted: tilt is"),
        ("noise", "independent", {}, "noise independent needs alpha"),
        ("basin", "no_such_module_here:x", {}, "there is no module 'no_such_module_here'; mend"),
        ("basin", "os.no_such:x", {}, "there is no module 'os.no_such'; mend"),
        ("basin", "..:x", {}, "is neither a module nor a file that ends in .py"),
        ("basin", "wells.txt:x", {}, "there is no module 'wells.txt'"),
        ("basin", "/dev/null:x", {}, "is neither a module nor a file that ends in .py"),
        ("basin", "math:", {}, "give math:NAME"),
    ],
)
def test_mistakes_are_one_sentence(kind, name, params, words, file):
    if isinstance(name, str) and name.startswith("F"):
        name = f"{file}{name[1:]}"
    with pytest.raises(ValueError, match=words) as caught:
        spec.part(kind, name, **params)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("x = (\n", r"\(line 1: '\(' was never closed\); mend the file"),
        ("\n\nx = 1 / 0\n", r"\(line 3: ZeroDivisionError: division by zero\)"),
        ("import no_such_module_here\n", r"\(line 1: ModuleNotFoundError: No module named"),
        ("import sys\nsys.exit('a\\nb')\n", r"\(line 2: SystemExit: a b\)"),
        ("raise RuntimeError\n", r"\(line 1: RuntimeError\)"),
        ("raise ValueError('x' * 1000)\n", r"x\.\.\."),
        ("x = '\0'\n", "cannot be executed"),
        (b"\xff\xfe", "cannot be executed"),
        ("", r"has no 'well'; mend the name"),
    ],
)
def test_files_that_fail(content, words, tmp_path):
    path = tmp_path / "bad.py"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = set(sys.modules)
    with pytest.raises(ValueError, match=words) as caught:
        spec.part("basin", f"{path}:well")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(path))
    assert not any(name.startswith("bad_") for name in set(sys.modules) - before) or not content
    path.write_text(SOURCE, encoding="utf-8")  # mended
    assert spec.part("basin", f"{path}:well").dim == 1


def test_a_file_that_breaks_leaves_what_it_was(file):
    well = imported.find(f"{file}:well")
    file.write_text("x = (\n", encoding="utf-8")
    with pytest.raises(ValueError, match="cannot be executed"):
        imported.find(f"{file}:well")
    assert sys.modules[well.__module__].well is well
    file.write_text(SOURCE, encoding="utf-8")
    assert imported.find(f"{file}:well") is well


def test_what_is_no_file(tmp_path, file):
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(ValueError, match="is a folder; give a file of Python"):
        imported.find(f"{tmp_path / 'folder.py'}:x")
    with pytest.raises(ValueError, match=r"there is no file .* \(did you mean my wells.py\?\)"):
        imported.find(f"{tmp_path / 'my wels.py'}:x")
    with pytest.raises(ValueError, match="there is no file"):
        imported.find(f"{tmp_path / 'nowhere' / 'x.py'}:x")
    with pytest.raises(ValueError, match="there is no file"):
        imported.find(f"{'x' * 5000}.py:x")
    with pytest.raises(ValueError, match="there is no file"):
        imported.find("a\0b.py:x")
    large = tmp_path / "large.py"
    with large.open("wb") as stream:
        stream.truncate(1 << 25)
    with pytest.raises(ValueError, match="has 33554432 bytes; give a file of Python of at most"):
        imported.find(f"{large}:x")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.py")
        with pytest.raises(ValueError, match="is no ordinary file"):
            imported.find(f"{tmp_path / 'pipe.py'}:x")


def test_an_interrupt_in_a_file_is_one(tmp_path):
    path = tmp_path / "stopped.py"
    path.write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        imported.find(f"{path}:x")


# ----------------------------------------------------------------------------------- their results


def run_of(file):
    basin = spec.part("basin", f"{file}:well", dim=1, radius=0.4)
    dynamics = spec.part("dynamics", f"{file}:slow", speed=2.0)
    setting = (basin, dynamics, ls.noise.independent(1.5), 0.5)
    return ls.escape_times(*setting, paths=50, dt=0.01, horizon=50.0, seed=3)


def test_results_say_where_their_functions_are(file):
    run = run_of(file)
    home = os.path.realpath(file)
    functions = {"gradient": "gradient", "outside": "outside", "update": "step"}
    assert run.parameters["functions"] == {k: f"{home}:{v}" for k, v in functions.items()}
    basin, dynamics, noise = spec.build(run.parameters)
    again = ls.escape_times(basin, dynamics, noise, 0.5, paths=50, dt=0.01, horizon=50.0, seed=3)
    assert again.digest == run.digest


def test_results_are_made_again_in_another_process(file, tmp_path):
    run = run_of(file)
    path = run.save(tmp_path / "run.npz")
    code = (
        "import sys, levysde as ls\nfrom levysde import spec\nrun = ls.load(sys.argv[1])\n"
        "parts = spec.build(run.parameters)\n"
        "again = ls.escape_times(*parts, 0.5, paths=50, dt=0.01, horizon=50.0, seed=3)\n"
        "print(again.digest)"
    )

    def build():
        command = [sys.executable, "-c", code, str(path)]
        home = {"cwd": str(Path(ls.__file__).parents[1])}
        return subprocess.run(command, capture_output=True, text=True, check=False, **home)

    assert build().stdout.split() == [run.digest]
    file.write_text(SOURCE.replace("STIFFNESS = 2.0", "STIFFNESS = 3.0"), encoding="utf-8")
    assert "is not the one that made the result" in build().stderr
    file.unlink()
    assert "gradient of the result cannot be imported (there is no file" in build().stderr


def test_refinement_of_a_result_of_a_file(file, tmp_path):
    basin = spec.part("basin", f"{file}:well")
    setting = (basin, ls.dynamics.sgd(), ls.noise.independent(1.5), 0.5)
    run = ls.escape_times(*setting, paths=300, dt=0.02, horizon=100.0)
    limit = ls.refine(ls.load(run.save(tmp_path / "run.npz")), correction=None)
    assert np.isfinite(limit.extrapolated)


def test_import_paths_of_modules_are_as_before():
    assert spec.import_path(user_parts.gradient) == "user_parts:gradient"
    assert spec.import_path(run_of) == f"{__name__}:run_of"
    assert spec.import_path(lambda x: x) is None
