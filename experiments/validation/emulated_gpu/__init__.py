"""A graphics processor that is none: kernels as compiled for one, run on the processor.

``python -m emulated_gpu FILE ...`` (or ``-m MODULE ...``) in this folder's parent runs a program
of Python with it; needs the extra ``kernels`` and a C compiler. What is real: this package,
numba-cuda, its launches, and the PTX that NVIDIA's compiler makes of a kernel. What is not: the
driver (`driver.c`), whose memory is that of the machine, and the assembler (`ptx.py` translates PTX
to C). Nothing is said of speed.
"""

import ctypes
import itertools
import subprocess
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from emulated_gpu.ptx import Module

HERE = Path(__file__).parent
WORDS = ["cc", "-O1", "-shared", "-fPIC"]
EXACT = ["-ffp-contract=off", "-fno-strict-aliasing", "-fwrapv", "-w"]


def emulate() -> None:
    """Have numba-cuda find the driver of this folder, which runs what it is given to launch."""
    folder = tempfile.TemporaryDirectory(prefix="emulated-gpu-")
    driver = _built_driver(Path(folder.name))  # before anything looks for one

    from levysde.engine.cuda import device

    real, numbers = device.compiled, itertools.count()

    def compiled(*given: Any) -> Any:
        library, result = real(*given)
        _tell(driver, library.get_asm_str(given[2]), Path(folder.name, f"kernel{next(numbers)}"))
        return library, result

    compiled.folder = folder  # type: ignore[attr-defined]  # which lasts as long as this does
    device.compiled = compiled


def _built_driver(folder: Path) -> ctypes.CDLL:
    """The driver, loaded under the name by which others look for it."""
    toolkit = find_spec("nvidia.cu13")
    assert toolkit is not None
    assert toolkit.submodule_search_locations
    headers = Path(toolkit.submodule_search_locations[0], "include")
    file = folder / "libcuda.so.1"
    named = [f"-I{headers}", "-Wl,-soname,libcuda.so.1"]
    subprocess.run([*WORDS, *named, HERE / "driver.c", "-o", file, "-ldl"], check=True)
    return ctypes.CDLL(str(file), mode=ctypes.RTLD_GLOBAL)


def _tell(driver: ctypes.CDLL, text: str, file: Path) -> None:
    """Give the driver what stands for the kernels of a file of PTX."""
    module = Module(text)
    file.with_suffix(".c").write_text(module.source())
    object_file = file.with_suffix(".so")
    subprocess.run([*WORDS, *EXACT, file.with_suffix(".c"), "-o", object_file, "-lm"], check=True)
    library = ctypes.CDLL(str(object_file))
    for number, kernel in enumerate(module.kernels):
        run: Callable[..., Any] = getattr(library, f"run_{number}")
        driver.emulated_kernel(kernel.name.encode(), ctypes.cast(run, ctypes.c_void_p))
