"""Run a program of Python with the emulated graphics processor."""

import runpy
import sys
from pathlib import Path

from emulated_gpu import emulate

emulate()
program, *rest = sys.argv[1:]
if program == "-m":
    sys.argv = rest
    runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
else:
    sys.argv = [program, *rest]
    sys.path.insert(0, str(Path(program).resolve().parent))
    runpy.run_path(program, run_name="__main__")
