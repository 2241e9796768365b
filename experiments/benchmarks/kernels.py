"""Registers, spills and instructions of the kernels for graphics processors, without one.

Run ``python experiments/benchmarks/kernels.py`` where the extras ``cuda13`` and ``kernels`` are
installed. Every noise law, every optimizer, every way to make a step and the jump method are
compiled for sm_90 (H100, H200) and assembled by ``ptxas``; nothing is run. The exit code is 1 if a
kernel spills registers, contracts a product and a sum that the processor rounds separately, or
calls a power that it rounds otherwise; and if SGD or Adam take more than 64 registers in one or two
dimensions, with which a multiprocessor holds 1024 threads.

The instructions of one step are counted in the machine code that ``nvdisasm`` shows: those of the
loop over steps, without the blocks that take a new path or record one that has ended. Of branches
all are counted, and of loops over coordinates of paths in local memory one round: for SGD and Adam
in one and two dimensions it is what a step executes but for rare events. Kinds:

* ``wide``: 32 x 32 -> 64 bit integer products, which Philox is made of;
* ``float64``: sums, products, fused products, comparisons and seeds of divisions;
* ``loads``: from global or local memory; ``stores``: to local memory.

With I instructions a step, a card that issues 4 instructions of 32 threads per cycle in each of its
P multiprocessors makes at most 128 P f/I steps per second at the clock rate f.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("CUDA_HOME", "/nonexistent")  # an older toolkit of the system is not used

import numpy as np

import levysde as ls
from levysde import domains, methods, potentials
from levysde.engine.cuda import device
from levysde.engine.cuda.jump_kernel import jump_job
from levysde.engine.cuda.recurrence_kernel import recurrence_job, skipping_job
from levysde.engine.jump_program import JumpOutcome
from levysde.engine.program import Outcome
from levysde.methods.recurrence import recurrence
from levysde.model import Model

CAPABILITY = (9, 0)
JUMP_DIM = 10
"""Largest dimension in which the jump method is compiled here: its kernels are long."""

SMALL, FEW_REGISTERS = ("sgd, independent", "sgd, isotropic", "adam"), 64
"""Kernels of which a multiprocessor holds 1024 threads in one and two dimensions."""

CARDS = {"H100 SXM": (132, 1.98e9), "H200 SXM": (132, 1.98e9)}
"""Multiprocessors and the highest clock rate, hertz."""

KINDS = {
    "wide": r"IMAD\.WIDE",
    "float64": r"D(ADD|MUL|FMA|SETP|MNMX)|MUFU\.\w*64H",
    "loads": r"LD[GL]?\.",
    "stores": r"STL",
}


@dataclass(frozen=True)
class Kernel:
    """What the assembler says of a kernel.

    Attributes
    ----------
    name : str
        The model.
    dim : int
        Its dimension.
    registers, stack, spilled : int
        Registers of a thread, bytes of its local memory, and of it those for spilled registers.
    contracted : int
        Products and sums that may be contracted, and powers.
    instructions : dict of str to int
        Of one step, by kind.
    """

    name: str
    dim: int
    registers: int
    stack: int
    spilled: int
    contracted: int
    instructions: dict[str, int]


def box(dim: int) -> ls.Basin:
    """An anisotropic quadratic well in a cube."""
    well = potentials.quadratic(dim, np.linspace(1.0, 3.0, dim))
    return ls.Basin(well, domains.box([-1.0] * dim, [1.0] * dim), np.zeros(dim))


def laws(dim: int) -> dict[str, ls.Noise]:
    """Every noise law, by table and by formula."""
    return {
        "independent": ls.noise.independent(1.5),
        "independent, formula": ls.noise.independent(0.4),
        "skewed": ls.noise.independent(1.3, beta=0.5),
        "multifractal": ls.noise.multifractal(np.linspace(1.1, 1.9, dim)),
        "mixed": ls.noise.mixed(1.5, np.sin(np.arange(1.0, 1.0 + 5 * dim)).reshape(dim, 5)),
        "spectral": ls.noise.spectral(1.5, np.eye(dim), np.ones(dim)),
        "isotropic": ls.noise.isotropic(1.5),
        "elliptic": ls.noise.elliptic(1.5, np.tri(dim)),
        "Gaussian": ls.noise.isotropic(2.0),
    }


OPTIMIZERS = {
    "sgd, clipped": ls.dynamics.sgd(clip=0.05),
    "momentum": ls.dynamics.momentum(),
    "rmsprop": ls.dynamics.rmsprop(),
    "adam": ls.dynamics.adam(),
    "adam_l2": ls.dynamics.adam_l2(),
    "adamw": ls.dynamics.adamw(),
    "adamprox": ls.dynamics.adamprox(),
    "adam, noisy moments": ls.dynamics.adam(form="sde", gradient_noise=1.0),
}


def settings(dimensions: list[int]) -> Iterator[tuple[str, int, Any, Any]]:
    """Name, dimension, job and the function that allocates its results."""
    for dim in dimensions:
        for name, noise in laws(dim).items():
            yield f"sgd, {name}", dim, *_recurrence(dim, ls.dynamics.sgd(), noise)
        for name, dynamics in OPTIMIZERS.items():
            yield name, dim, *_recurrence(dim, dynamics, ls.noise.independent(1.5))
        divided = _recurrence(dim, ls.dynamics.sgd(), ls.noise.independent(1.5), "flow")
        yield "sgd, divided steps", dim, *divided
        if dim <= JUMP_DIM:
            yield "sgd, skipped iterations", dim, *_skips(dim, ls.noise.independent(1.5))
        for name, noise in laws(dim).items():
            if noise.alpha < 2.0 and dim <= JUMP_DIM:
                yield f"jump, {name}", dim, *_jumps(dim, noise)


def _recurrence(dim: int, dynamics: Any, noise: Any, scheme: str = "euler") -> tuple[Any, Any]:
    program = recurrence(Model(box(dim), dynamics, noise, 0.3), 0.05, 0, None, scheme)
    return recurrence_job(program, 100), Outcome.empty


def _skips(dim: int, noise: Any) -> tuple[Any, Any]:
    model = Model(box(dim), ls.dynamics.sgd(), noise, 1e-3)
    program = methods.prepare("jump", model, methods.Request(0.05, 0)).program
    return skipping_job(program, 100), Outcome.empty


def _jumps(dim: int, noise: Any) -> tuple[Any, Any]:
    model = Model(box(dim), ls.dynamics.sgd(), noise, 1e-3)
    program = methods.prepare("jump", model, methods.Request("auto", 0)).program
    return jump_job(program, 1e9), JumpOutcome.empty


def assembled(name: str, dim: int, job: Any, allocate: Any, tools: Path) -> Kernel:
    """Compile a kernel, assemble and disassemble it."""
    library, _ = device.compiled(job.kernel, job.signature(dim, allocate), CAPABILITY)
    ptx = library.get_asm_str(CAPABILITY)
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "kernel.ptx"), Path(folder, "kernel.cubin")
        source.write_text(ptx)
        words = [tools / "ptxas", "-v", "-arch=sm_90", source, "-o", binary]
        told = subprocess.run(words, capture_output=True, text=True, check=True).stderr
        words = [tools / "nvdisasm", "-c", binary]
        code = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    registers = re.search(r"Used (\d+) registers", told)
    memory = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores", told)
    assert registers is not None
    assert memory is not None
    contracted = len(re.findall(r"\b(?:mul|add|sub)\.f64|accurate_pow", ptx))
    return Kernel(
        name, dim, int(registers[1]), int(memory[1]), int(memory[2]), contracted, counts(code)
    )


def counts(code: str) -> dict[str, int]:
    """Instructions of one step by kind, from disassembled machine code."""
    blocks, labels, loops = _blocks(code)
    first, last = max(loops, key=lambda loop: labels[loop[1]] - labels[loop[0]])
    inside = blocks[labels[first] : labels[last] + 1]
    step = [
        instruction
        for block in inside
        if not any(re.match(r"ATOM|RED|STG", instruction) for instruction in block)
        for instruction in block
    ]
    found = {
        kind: sum(re.match(pattern, instruction) is not None for instruction in step)
        for kind, pattern in KINDS.items()
    }
    return {"all": len(step), **found}


def _blocks(code: str) -> tuple[list[list[str]], dict[str, int], list[tuple[str, str]]]:
    """Basic blocks, which of them a label begins, and the labels where loops begin and end."""
    blocks: list[list[str]] = [[]]
    labels: dict[str, int] = {}
    loops: list[tuple[str, str]] = []
    for line in code.splitlines():
        label = re.match(r"\.(L_x_\d+):", line)
        found = re.match(r"\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\d\s+)?(\S+)(.*)", line)
        if label is not None:
            blocks.append([])
            labels[label[1]] = len(blocks) - 1
        elif found is not None:
            blocks[-1].append(found[1])
            target = re.search(r"`\(\.(L_x_\d+)\)", found[2])
            if found[1].startswith(("BRA", "EXIT", "BREAK")):
                if target is not None and target[1] in labels:
                    end = f"end of {len(blocks) - 1}"
                    labels[end] = len(blocks) - 1
                    loops.append((target[1], end))
                blocks.append([])
    return blocks, labels, loops


def table(kernels: list[Kernel]) -> str:
    """Markdown."""
    head = ["kernel", "dim", "registers", "local bytes", "spilled", "instructions", *KINDS]
    rows = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for kernel in kernels:
        numbers = kernel.dim, kernel.registers, kernel.stack, kernel.spilled
        rows.append([kernel.name, *map(str, (*numbers, *kernel.instructions.values()))])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def bounds(kernel: Kernel) -> list[str]:
    """Steps per second that cards can issue at most."""
    count = kernel.instructions["all"]
    return [
        f"{card}: 128 x {processors} x {clock:.3g}/{count} = "
        f"{128 * processors * clock / count:.2g} path-steps per second"
        for card, (processors, clock) in CARDS.items()
    ]


def main() -> int:
    """Make the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dims", type=int, nargs="+", default=[1, 2, 10, 100])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    import nvidia
    from numba.cuda import dispatcher

    # Device functions are compiled for the current device, and there is none.
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=CAPABILITY)
    tools = Path(next(iter(nvidia.__path__)), "cu13", "bin")
    kernels = []
    for setting in settings(options.dims):
        kernels.append(assembled(*setting, tools))
        print(f"{len(kernels)} kernels", end="\r", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps([asdict(kernel) for kernel in kernels], indent=2))
    else:
        print(f"numba-cuda {version('numba-cuda')}, sm_90\n\n{table(kernels)}\n")
        first = kernels[0]
        print("\n".join(f"{first.name}, dim {first.dim}, {line}" for line in bounds(first)))
    bad = [kernel for kernel in kernels if kernel.spilled or kernel.contracted]
    for kernel in bad:
        print(f"spills or contracts: {kernel.name}, dimension {kernel.dim}", file=sys.stderr)
    large = [kernel for kernel in kernels if kernel.name in SMALL and kernel.dim <= 2]
    large = [kernel for kernel in large if kernel.registers > FEW_REGISTERS]
    for kernel in large:
        print(
            f"{kernel.registers} registers: {kernel.name}, dimension {kernel.dim}", file=sys.stderr
        )
    return 1 if bad or large else 0


if __name__ == "__main__":
    sys.exit(main())
