"""Noise whose amplitude falls like a power of time."""

import levysde as ls


def cooled(alpha: float, power: float) -> ls.Noise:
    """Independent noise with the amplitude (1 + t/20)^(-power)."""
    return ls.noise.scaled(
        ls.noise.independent(alpha), ls.schedules.inverse_power(20.0, power=power)
    )
