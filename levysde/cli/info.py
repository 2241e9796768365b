"""`levysde info`: versions, processor, and where compiled code is kept."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from levysde._text import labeled
from levysde._version import __version__
from levysde.cli.output import DONE, EXIT_CODES, answer, as_json
from levysde.cli.parser import Parser

if TYPE_CHECKING:
    from levysde.cli.signals import Stop

_PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "matplotlib", "tqdm")
_FEATURES = ("avx512f", "avx2", "avx", "sse4.2", "fma", "sve", "neon")
_NVIDIA = Path("/proc/driver/nvidia/gpus")


def run(words: list[str], stop: Stop) -> int:
    """Run the command.

    Parameters
    ----------
    words : list of str
        What follows `levysde info`.
    stop : Stop
        Requests to stop.

    Returns
    -------
    int
        Exit code.
    """
    options = _parser().parse(words)
    record = _record()
    stop.check()
    answer(as_json(record) if options.json else _text(record))
    return DONE


def _parser() -> Parser:
    parser = Parser(
        "levysde info",
        "Show versions, processor, GPU and the cache of compiled code.",
        EXIT_CODES,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _record() -> dict[str, Any]:
    from llvmlite import binding  # type: ignore[import-untyped]

    from levysde.engine.cpu.threads import available_threads

    supported = binding.get_host_cpu_features()
    folder = _cache_folder()
    missing, device = _cuda()
    return {
        "versions": {
            "levysde": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in _PACKAGES},
        },
        "platform": platform.platform(),
        "processor": binding.get_host_cpu_name(),
        "vector_features": [name for name in _FEATURES if supported.get(name)],
        "processors": os.cpu_count(),
        "threads": available_threads(),
        "cache_folder": str(folder),
        "cache_writable": _can_be_written(folder),
        "gpu": _gpu(),
        "gpu_used": missing is None,
        "cuda_missing": missing,
        "cuda_device": device,
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cache_folder() -> Path:
    """The folder that numba would choose for the compiled passes."""
    import numba

    from levysde.engine import compile as compiler
    from levysde.engine.cache_folder import temporary_cache_folder

    try:
        # Without a signature nothing is compiled, but the folder is chosen.
        chosen = numba.njit(cache=True)(compiler.prepared).stats.cache_path
    except RuntimeError:  # neither beside the package nor in the user's folder
        return temporary_cache_folder()
    return Path(chosen)


def _can_be_written(folder: Path) -> bool:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def _gpu() -> str | None:
    """The name of an NVIDIA card as its driver tells it, without loading CUDA."""
    try:
        for file in sorted(_NVIDIA.glob("*/information")):
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
                name, _, value = line.partition(":")
                if name.strip() == "Model":
                    return value.strip()
    except OSError:
        return None
    return None


def _cuda() -> tuple[str | None, str | None]:
    """What is missing for backend "cuda", or the name of the device that it uses."""
    from levysde.engine.backends import BACKENDS, BackendError

    try:
        BACKENDS["cuda"]()
    except BackendError as error:
        return str(error).partition(": ")[2], None
    from levysde.engine.cuda import device

    return None, device.name()


def _text(record: dict[str, Any]) -> str:
    versions = record["versions"]
    others = ", ".join(f"{name} {versions[name] or 'missing'}" for name in _PACKAGES)
    features = " ".join(record["vector_features"]) or "no vector features known"
    writable = "can be written" if record["cache_writable"] else "CANNOT be written"
    return labeled(
        [
            ("levysde", f"{versions['levysde']}, python {versions['python']}"),
            ("packages", others),
            ("platform", record["platform"]),
            ("processor", f"{record['processor']} ({features})"),
            ("threads", f"{record['threads']} of {record['processors']} processors"),
            ("cache", f"{record['cache_folder']} ({writable})"),
            ("GPU", record["gpu"] or "none"),
            ("cuda", record["cuda_missing"] or f"ready on {record['cuda_device']}"),
        ]
    )
