"""Rules of the code base, read from the source of every module."""

import ast
import functools
import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import levysde

pytestmark = pytest.mark.quick

PACKAGE = Path(levysde.__file__).parent
FILES = {
    ".".join(("levysde", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

MAX_LINES = 400
LONG_FILES = {
    "levysde.dynamics.adam": "five optimizers side by side, and most of it is docstrings",
    "levysde.statistics.exit_times": "one subject, and half of it is docstrings",
    "levysde.runs.results": "the result with what is asked of it, and half of it is docstrings",
}

LIMITED_LIBRARIES = {
    "matplotlib": ("levysde.report.*",),
    "numba": ("levysde.engine.*", "levysde.runs.record", "levysde.cli.info"),
    "llvmlite": ("levysde.engine.*", "levysde.cli.info"),
    "dask": (),
    "distributed": ("levysde.runs.sweep.cluster", "levysde.runs.sweep.on_worker"),
    "cloudpickle": ("levysde.runs.sweep.on_worker",),
    "torch": ("levysde.gradients.autograd",),
    "xarray": ("levysde.runs.sweep.xarrays",),
    "shtab": ("levysde.cli.completion",),
}
"""Libraries that only some modules may import; `record` and `info` ask for versions.

What only a type checker sees does not count.
"""

TEXT_MODULES = ("levysde._printed", "levysde._text")
"""How anything is printed: no formulas, so that the theory and the estimators may share them."""

FIGURES = "levysde.plots"
"""What draws a result that is asked for its figure, imported when it is asked."""

PART_MODULES = ("basins", "domains", "dynamics", "noise", "potentials")
"""What the engine and the theory must not know."""

LAYERS = (
    (
        "levysde._printed",
        "levysde._text",
        "levysde._typing",
        "levysde._version",
        "levysde.imported",
        "levysde.rebuilt",
        "levysde.spec",
        "levysde.spellings",
        "levysde.runs.archive",
        "levysde.runs.files",
    ),
    ("levysde.statistics.*", "levysde.theory.*"),
    ("levysde.engine.*", "levysde.checks"),
    ("levysde.schedules",),
    ("levysde.potentials.*", "levysde.noise.*", "levysde.dynamics.*"),
    ("levysde.domains.*",),
    ("levysde.basins.*",),
    ("levysde.model", "levysde.trial", "levysde.trial_points"),
    ("levysde.runs.results", "levysde.runs.seeds"),
    ("levysde.methods.*",),
    ("levysde.runs.*", "levysde.report.*"),
    ("levysde.cli.*",),
    ("levysde.__main__",),
    ("levysde.gradients.*",),
    ("levysde.costs", "levysde.estimators", "levysde.grid", "levysde.plots"),
)
"""The import direction: a module imports from its own layer and from those above it here."""


def matches(module: str, pattern: str) -> bool:
    """Whether a module is the one named, or with a star that package or something in it."""
    if pattern.endswith(".*"):
        return module == pattern[:-2] or module.startswith(pattern[:-1])
    return module == pattern


@functools.cache
def tree(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text(encoding="utf-8"))


def allowed(module: str, patterns: tuple[str, ...]) -> bool:
    return any(matches(module, pattern) for pattern in patterns)


@functools.cache
def imports(module: str, *, typing: bool = True) -> list[tuple[str, int]]:
    """Every module that a module names in an import, with the line, within functions too.

    Names taken from a package are counted as modules where they are modules. With typing=False
    imports that only a type checker sees are left out.
    """
    return list(_imports(module, typing))


def _imports(module: str, typing: bool) -> Iterator[tuple[str, int]]:
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree(module)):
        if not typing and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            skipped.update(child for statement in node.body for child in ast.walk(statement))
    for node in ast.walk(tree(module)):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: give absolute imports"
            assert node.module is not None
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [name for name in names if name in FILES]
            yield from ((name, node.lineno) for name in modules)
            if len(modules) < len(names):
                yield node.module, node.lineno
        elif isinstance(node, ast.Call) and "import_module" in ast.dump(node.func):
            # A computed name: only the public face and the command line load what is asked for.
            assert module in {"levysde", "levysde.cli", "levysde.imported", "levysde.spec"}, (
                f"{module}:{node.lineno}: import_module"
            )


def offenders(module: str, forbidden: tuple[str, ...], **options: Any) -> list[str]:
    return [
        f"{FILES[module]}:{line} imports {name}"
        for name, line in imports(module, **options)
        if allowed(name, forbidden)
    ]


# --------------------------------------------------------------------------------------- imports


def for_each(values: Iterable[str]) -> Callable[[Callable[[str], None]], Callable[[], None]]:
    """One test of all values, which names those that fail."""

    def decorate(test: Callable[[str], None]) -> Callable[[], None]:
        @functools.wraps(test)
        def run() -> None:
            failed = {}
            for value in values:
                try:
                    test(value)
                except AssertionError as error:
                    failed[value] = str(error)
            assert failed == {}

        del run.__wrapped__  # pytest would ask for its argument
        return run

    return decorate


@for_each([m for m in FILES if matches(m, "levysde.theory.*")])
def test_theory_imports_nothing_of_ours(module: str) -> None:
    wrong = [
        f"{FILES[module]}:{line} imports {name}"
        for name, line in imports(module)
        if matches(name, "levysde.*") and not matches(name, "levysde.theory.*")
        if name not in TEXT_MODULES
    ]
    assert wrong == []


@for_each([m for m in FILES if matches(m, "levysde.statistics.*")])
def test_estimators_import_nothing_of_ours(module: str) -> None:
    wrong = [
        f"{FILES[module]}:{line} imports {name}"
        for name, line in imports(module)
        if matches(name, "levysde.*") and not matches(name, "levysde.statistics.*")
        if name not in (*TEXT_MODULES, FIGURES)
    ]
    assert wrong == []


@for_each(TEXT_MODULES)
def test_printing_knows_nothing_of_what_it_prints(module: str) -> None:
    wrong = [
        name
        for name, _ in imports(module)
        if name.partition(".")[0] in ("levysde", "numpy", "scipy", "numba")
        if name not in TEXT_MODULES
    ]
    assert wrong == []


def test_only_one_room_knows_graphics_processors():
    naming = {module for module, path in FILES.items() if "numba.cuda" in named(path)}
    assert naming
    assert all(module.startswith("levysde.engine.cuda.") for module in naming)


def named(path: Path) -> str:
    """A source with both ways to import the compiler for devices written alike."""
    return path.read_text(encoding="utf-8").replace("from numba import cuda", "import numba.cuda")


@pytest.mark.parametrize("library", LIMITED_LIBRARIES)
def test_libraries_stay_where_they_belong(library: str) -> None:
    wrong = [
        line
        for module in FILES
        if not allowed(module, LIMITED_LIBRARIES[library])
        for line in offenders(module, (f"{library}.*",), typing=False)
    ]
    assert wrong == []


def test_engine_knows_no_part_by_name() -> None:
    forbidden = tuple(f"levysde.{name}.*" for name in PART_MODULES)
    wrong = [
        line
        for module in FILES
        if matches(module, "levysde.engine.*")
        for line in offenders(module, forbidden)
    ]
    assert wrong == []


def test_only_the_command_line_imports_the_command_line() -> None:
    wrong = [
        line
        for module in FILES
        if not allowed(module, ("levysde.cli.*", "levysde.__main__"))
        for line in offenders(module, ("levysde.cli.*",))
    ]
    assert wrong == []


def layer(module: str) -> int:
    """The first layer that names a module itself, or else the first that has its package."""
    named = [i for i, patterns in enumerate(LAYERS) if module in patterns]
    found = named or [i for i, patterns in enumerate(LAYERS) if allowed(module, patterns)]
    assert len(found) == 1, f"{module} belongs to {len(found)} layers; name it in LAYERS once"
    return found[0]


@for_each([m for m in FILES if m != "levysde"])
def test_imports_point_one_way(module: str) -> None:
    """Imports at the head of a module; functions may ask a later layer for a default."""
    head = {
        node.lineno
        for node in ast.iter_child_nodes(tree(module))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    wrong = [
        f"{FILES[module]}:{line} imports {name}"
        for name, line in imports(module, typing=False)
        if line in head and matches(name, "levysde.*") and name != "levysde"
        if layer(name) > layer(module)
    ]
    assert wrong == []


def test_import_loads_nothing_heavy() -> None:
    code = "import sys, json, levysde; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded & {"numba", "numpy", "scipy", "matplotlib", "tqdm"} == set()


# ---------------------------------------------------------------------------------- documentation


def public_objects() -> dict[str, Any]:
    """Every name in an `__all__`, once, under the name of its home."""
    found = {}
    for module in FILES:
        if module == "levysde.__main__":
            continue
        loaded = importlib.import_module(module)
        for name in getattr(loaded, "__all__", ()):
            value = getattr(loaded, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                found[f"{value.__module__}.{value.__qualname__}"] = value
    return found


PUBLIC = public_objects()


@for_each([m for m in FILES if m != "levysde.__main__"])
def test_public_names_exist(module: str) -> None:
    loaded = importlib.import_module(module)
    names = getattr(loaded, "__all__", [])
    assert len(names) == len(set(names)), "each once"
    for name in names:
        assert getattr(loaded, name) is not None


def test_public_objects_are_found() -> None:
    assert {"levysde.runs.simulate.escape_times", "levysde.theory.rates.predict"} <= PUBLIC.keys()


def sections(docstring: str) -> set[str]:
    lines = inspect.cleandoc(docstring).splitlines()
    return {
        title.strip()
        for title, rule in pairwise(lines)
        if title.strip() and rule.strip() == "-" * len(title.strip())
    }


def missing_sections(name: str, function: Any, *, examples: bool) -> list[str]:
    """Numpydoc sections that a function needs and lacks."""
    found = sections(function.__doc__ or "")
    signature = inspect.signature(function)
    takes = [p for p in signature.parameters if p not in ("self", "cls")]
    returns = signature.return_annotation
    needed = {"Examples"} if examples else set()
    if takes:
        needed.add("Parameters")
    if returns not in (inspect.Signature.empty, None, "None"):
        needed.add("Returns")
    return [f"{name} lacks {section}" for section in sorted(needed - found)]


@for_each(sorted(PUBLIC))
def test_public_docstrings(name: str) -> None:
    value = PUBLIC[name]
    assert value.__doc__, f"{name} has no docstring"
    if inspect.isfunction(value):
        assert missing_sections(name, value, examples=True) == []
        return
    for attribute, member in vars(value).items():
        if any(hasattr(base, attribute) for base in value.__mro__[1:]):
            continue  # described where it is first defined
        if inspect.isfunction(member) and not attribute.startswith("_"):
            assert member.__doc__, f"{name}.{attribute} has no docstring"
            assert missing_sections(f"{name}.{attribute}", member, examples=False) == []
        elif isinstance(member, property) and not attribute.startswith("_"):
            assert member.__doc__, f"{name}.{attribute} has no docstring"


@for_each(sorted(n for n in PUBLIC if inspect.isclass(PUBLIC[n])))
def test_public_classes_describe_their_fields(name: str) -> None:
    fields = getattr(PUBLIC[name], "__dataclass_fields__", {})
    if any(field.repr for field in fields.values() if not field.name.startswith("_")):
        assert sections(PUBLIC[name].__doc__) & {"Attributes", "Parameters"}, name


# -------------------------------------------------------------------------------------------- size


@for_each(FILES)
def test_files_are_short(module: str) -> None:
    lines = len(FILES[module].read_text(encoding="utf-8").splitlines())
    if module in LONG_FILES:
        assert lines > MAX_LINES, f"{module} is short again: take it out of LONG_FILES"
    else:
        assert lines <= MAX_LINES, f"{FILES[module]} has {lines} lines; split it or give a reason"


# ------------------------------------------------------------------------------------------ habits


@for_each(FILES)
def test_no_code_from_strings(module: str) -> None:
    wrong = [
        f"{FILES[module]}:{node.lineno} calls {node.func.id}"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"exec", "eval", "compile"}
    ]
    assert wrong == []


@for_each(FILES)
def test_nothing_is_left_for_later(module: str) -> None:
    text = FILES[module].read_text(encoding="utf-8")
    for word in ("TODO", "FIXME", "XXX"):
        assert word not in text, f"{FILES[module]} contains {word}"


# ---------------------------------------------------------------------------------- declared facts

HOMES = ("basins.*", "domains.*", "dynamics.*", "noise.*", "potentials", "spec")
"""Where a part may be known by its name, its class or the keys of its parameters."""

PART_WORDS = frozenset(
    {"basin", "domain", "dynamics", "law", "motion", "noise", "part", "potential", "rule", "shape"}
)
BASE_CLASSES = frozenset({"Basin", "Domain", "Dynamics", "Noise", "Potential"})


@functools.cache
def part_classes() -> set[str]:
    """Classes of the homes that are kinds of a part, and not what every part is."""
    homes = tuple(f"levysde.{home}" for home in HOMES)
    return {
        node.name
        for module in FILES
        if allowed(module, homes)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ClassDef)
    } - BASE_CLASSES


def is_of_part(node: ast.AST, attribute: str) -> bool:
    """Whether an expression is `part.attribute`, by the usual names of parts."""
    if not (isinstance(node, ast.Attribute) and node.attr == attribute):
        return False
    owner = node.value
    word = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return word in PART_WORDS


def questions(module: ast.AST, classes: set[str]) -> Iterator[int]:
    """Lines that ask a part for its name, its class or a key of its parameters."""
    for node in ast.walk(module):
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
            if any(is_of_part(value, "name") or is_of_part(value, "params") for value in asked):
                yield node.lineno
        elif isinstance(node, ast.Subscript):
            if is_of_part(node.slice, "name") or is_of_part(node.value, "params"):
                yield node.lineno
        elif isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute) and function.attr == "get":
                given = [function.value, *node.args]
                if any(is_of_part(value, "name") or is_of_part(value, "params") for value in given):
                    yield node.lineno
            if isinstance(function, ast.Name) and function.id == "isinstance":
                names = {n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)}
                names |= {n.attr for n in ast.walk(node.args[1]) if isinstance(n, ast.Attribute)}
                if names & classes:
                    yield node.lineno
        elif isinstance(node, ast.Match) and is_of_part(node.subject, "name"):
            yield node.lineno


@for_each([m for m in FILES if not allowed(m, tuple(f"levysde.{home}" for home in HOMES))])
def test_parts_are_not_asked_for_their_names(module: str) -> None:
    """Facts are declared on the parts; a name is for people."""
    classes = part_classes()
    assert [f"{FILES[module]}:{line}" for line in questions(tree(module), classes)] == []


def test_the_rule_about_names_sees_what_it_forbids() -> None:
    forbidden = (
        "noise.name == 'mixed'",
        "basin.domain.name in ('box', 'ball')",
        "TABLE[domain.name]",
        "TABLE.get(potential.name)",
        "'curvature' in basin.potential.params",
        "domain.params['lower']",
        "isinstance(noise, Isotropic)",
        "isinstance(dynamics, (dynamics.Adaptive, int))",
    )
    for line in forbidden:
        assert list(questions(ast.parse(line), {"Isotropic", "Adaptive"})) == [1], line
    assert not list(questions(ast.parse("f'{noise.name}' + str(result.name == 'x')"), set()))


def test_no_file_name_occurs_twice() -> None:
    names = [path.name for path in FILES.values() if path.name != "__init__.py"]
    assert sorted({name for name in names if names.count(name) > 1}) == []
