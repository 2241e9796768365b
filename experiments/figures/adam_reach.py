"""Figure: iterations until Adam leaves a well, against the width of the well in learning rates.

Run ``python experiments/figures/adam_reach.py [FILE]``; the default is docs/figures/adam_reach.png.

Gradients of F = 20 x^2 carry stable noise of index 1.5. With the second moment frozen the theory of
one jump holds, averaged by momentum (line). In Adam as used in practice the jump enters the second
moment too, and moves x by at most 31.77 learning rates: wider wells take many jumps. Points are
means of 2000 paths with 95 % intervals.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import levysde as ls
from levysde.runs.files import write_atomically

ALPHA, ETA, CURVATURE, FROZEN = 1.5, 1e-3, 40.0, 2.85
REACHES = np.array([5, 7, 10, 14, 20, 26, 32, 38, 44])
PATHS = 2000
EPSILON = ETA ** ((ALPHA - 1.0) / ALPHA)
DEFAULT_FILE = Path(__file__).resolve().parents[2] / "docs" / "figures" / "adam_reach.png"

LOOKS = {
    "second moment frozen": (ls.dynamics.adam(eps=0.0, frozen=FROZEN), "#0072B2", "o"),
    "second moment sees the jumps": (ls.dynamics.adam(eps=0.0), "#D55E00", "s"),
}


def well(reach: float) -> ls.Basin:
    """The well of half width reach learning rates."""
    potential = ls.potentials.quadratic(1, CURVATURE)
    return ls.Basin(potential, ls.domains.interval(-reach * ETA, reach * ETA), 0.0)


def draw() -> Figure:
    """Simulate, and draw points and theory."""
    noise = ls.noise.independent(ALPHA)
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    ax = figure.subplots()
    for label, (dynamics, color, marker) in LOOKS.items():
        means, errors = [], []
        for reach in REACHES:
            result = ls.escape_times(
                well(reach), dynamics, noise, EPSILON, paths=PATHS, dt=ETA, horizon=1e7 * ETA,
                seed=2014,
            )  # fmt: skip
            low, high = result.mean_interval()
            means.append(result.mean / ETA)
            errors.append([(result.mean - low) / ETA, (high - result.mean) / ETA])
        ax.errorbar(
            REACHES, means, np.transpose(errors), color=color, marker=marker, linestyle="none",
            capsize=3, label=label,
        )  # fmt: skip
    fine = np.geomspace(REACHES[0], REACHES[-1], 40)
    frozen = LOOKS["second moment frozen"][0]
    theory = [
        ls.theory.predict(well(reach), frozen, noise, EPSILON, dt=ETA).mean / ETA for reach in fine
    ]
    ax.plot(fine, theory, color="#0072B2", label="theory of one jump, frozen")
    cap = ls.theory.one_jump_cap(0.9, 0.999)
    ax.axvline(cap, color="0.4", linestyle="--", label=f"reach of one jump, {cap:.2f}")
    ax.set(
        xscale="log", yscale="log", xlabel="half width of the well / learning rate",
        ylabel="iterations to exit",
    )  # fmt: skip
    ax.set_xticks(REACHES, [f"{reach}" for reach in REACHES])
    ax.minorticks_off()
    ax.legend(frameon=False)
    return figure


def main() -> None:
    """Write the file."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FILE
    figure = draw()
    write_atomically(file, lambda out: figure.savefig(out, format=file.suffix[1:], dpi=150))


if __name__ == "__main__":
    main()
