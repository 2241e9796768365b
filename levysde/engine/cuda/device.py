"""The graphics processor that is used: whether there is one, its memory, kernels made for it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
from numba import cuda, types

from levysde._typing import PlainFunction
from levysde.engine.backends import INSTALL_CUDA, NO_COMPILER, BackendError
from levysde.engine.compile import first_reason, interrupts_held
from levysde.engine.cuda.copies import is_simulated, kernel_copy

OLDEST_DRIVER = (13, 0)
"""CUDA version that the driver must support."""

OPTIONS = {"opt": 3, "fma": False}
"""Of the compiler. Products and sums are not contracted: the numbers are those of the processor."""

_SIMULATED_BLOCKS, _SIMULATED_MEMORY = 2, 1 << 20


def missing() -> str | None:
    """What is missing for kernels to run here, in one sentence with the remedy; None if nothing is.

    Returns
    -------
    str or None
    """
    if is_simulated():
        return None
    if find_spec("numba_cuda") is None:
        return NO_COMPILER
    try:
        return _missing_of_driver()
    except Exception as error:  # libraries that are not found, or do not fit together
        return f"CUDA does not start ({first_reason(error)}); install it again: {INSTALL_CUDA}"


def _missing_of_driver() -> str | None:
    if not cuda.is_available():
        return "no NVIDIA GPU with a driver was found; use backend 'cpu'"
    version = tuple(cuda.cudadrv.driver.driver.get_version())
    if version >= OLDEST_DRIVER:
        return None
    found, needed = (".".join(map(str, pair)) for pair in (version, OLDEST_DRIVER))
    return (
        f"the driver of the GPU supports CUDA {found}, and {needed} is needed; install a newer "
        "driver (580 or later)"
    )


def name() -> str:
    """The device that is used, and how many others there are."""
    if is_simulated():
        return "simulated device"
    found = cuda.get_current_device().name
    text = found.decode() if isinstance(found, bytes) else str(found)
    others = len(cuda.gpus) - 1
    return text if others == 0 else f"{text}, the first of {others + 1} (CUDA_VISIBLE_DEVICES)"


def free_memory() -> int:
    """Bytes that can be allocated."""
    if is_simulated():
        return _SIMULATED_MEMORY
    return int(cuda.current_context().get_memory_info().free)


# ----------------------------------------------------------------------------------------- arrays


def placed(value: Any) -> Any:
    """A value with its arrays in the memory of the device; tuples are searched for arrays."""
    if isinstance(value, np.ndarray):
        return value if is_simulated() else cuda.to_device(value)
    if isinstance(value, tuple):
        inner = [placed(item) for item in value]
        return type(value)(*inner) if hasattr(value, "_fields") else tuple(inner)
    return value


def fetch_into(found: Any, array: Any) -> None:
    """Copy an array of the device into one of this machine."""
    if is_simulated():
        array[...] = found
    else:
        found.copy_to_host(array)


# ---------------------------------------------------------------------------------------- kernels


def compiled(kernel: PlainFunction, signature: tuple[Any, ...], capability: tuple[int, int]) -> Any:
    """The machine-independent code of a kernel, as numba keeps it.

    Parameters
    ----------
    kernel : callable
        A plain function of this package.
    signature : tuple of numba types
        Of its arguments.
    capability : tuple of two ints
        Of the device: (9, 0) for H100 and H200.

    Returns
    -------
    tuple
        The library (`get_asm_str` gives PTX) and the result of the compiler.

    Raises
    ------
    ValueError
        In one sentence, if a function of the model uses what cannot be compiled.
    """
    from numba.cuda.compiler import compile_cuda, kernel_fixup

    try:
        with interrupts_held():
            result = compile_cuda(
                kernel_copy(kernel), types.void, signature, nvvm_options=OPTIONS, cc=capability
            )
            library = result.library
            entry = library.get_function(result.fndesc.llvm_func_name)
            library._entry_name = entry.name
            kernel_fixup(entry, False)
            library.get_asm_str(capability)  # what LLVM knows and NVVM does not fails here
    except (MemoryError, OSError):
        raise
    except Exception as error:  # the compiler has many ways of failing on what it does not know
        raise ValueError(
            f"a function of the model cannot be compiled for the GPU: {_told(error)}; use numbers, "
            "array elements, functions of math and functions made of these, or backend 'cpu'"
        ) from error
    return library, result


_ARRAYS = ("NRT required", "numpy_empty", "array_allocate", "arg mismatch")
_UNCLEAR = ("object at 0x", "ERROR_INVALID_IR", "recursion depth")
"""What errors of the compiler say where a function makes an array, and where they say nothing."""


def _told(error: Exception) -> str:
    """The reason of an error of the compiler, in words of the user where that is known."""
    reason = first_reason(error)
    if any(words in reason for words in _ARRAYS):
        return "it makes an array, for which a device has no room"
    if any(words in reason for words in _UNCLEAR):
        return "it uses what the compiler for devices does not have"
    return reason


class Launcher:
    """What runs a kernel on the device that is used.

    Parameters
    ----------
    kernel, signature
        As for `compiled`.
    threads : int
        In a block.

    Attributes
    ----------
    most_blocks : int
        Blocks that the device holds at once.
    """

    def __init__(self, kernel: PlainFunction, signature: tuple[Any, ...], threads: int) -> None:
        self.most_blocks = _SIMULATED_BLOCKS
        if is_simulated():
            simulated = cuda.jit(kernel_copy(kernel))
            self._run = lambda blocks, threads, arguments: simulated[blocks, threads](*arguments)
            return
        from numba.cuda.dispatcher import _Kernel

        capability = cuda.get_current_device().compute_capability
        library, result = compiled(kernel, signature, capability)
        made = _Kernel._rebuild(
            False, library._entry_name, result.signature, library, False, False,
            result.call_helper, [],
        )  # fmt: skip
        made.bind()
        self.most_blocks = int(made.max_cooperative_grid_blocks(threads))
        stream = cuda.cudadrv.driver._to_core_stream(0)
        self._run = lambda blocks, threads, arguments: made.launch(
            arguments, (blocks, 1, 1), (threads, 1, 1), stream
        )

    def __call__(self, blocks: int, threads: int, arguments: tuple[Any, ...]) -> None:
        """Run it once, with arrays that are `placed`."""
        self._run(blocks, threads, arguments)


@contextmanager
def failures_told() -> Iterator[None]:
    """Say in one sentence what failed on the device, in its driver or in what links kernels."""
    try:
        yield
    except BackendError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("cuda", "numba", "numba_cuda"):
            raise
        code = re.search(r"CUDA_ERROR_\w+", str(error))
        reason = code[0] if code else first_reason(error)
        if "MEMORY" in (code[0] if code else str(error)).upper():
            raise BackendError(
                f"not enough memory on the GPU ({reason}); give fewer paths or dimensions, or use "
                "backend 'cpu'"
            ) from error
        raise BackendError(
            f"the GPU failed ({reason}); restart Python, or use backend 'cpu'"
        ) from error
