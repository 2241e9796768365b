"""A well and a noise of the gradient, both multiplied by one number."""

from levysde import Basin, Noise, basins, noise


def well(c: float = 1.0, half: float = 0.014) -> Basin:
    """The loss 20 c x^2 in (-half, half)."""
    return basins.quadratic(1, 40.0 * c, -half, half)


def gradient_noise(alpha: float = 1.5, c: float = 1.0) -> Noise:
    """Stable noise of the gradient, of scale c."""
    return noise.independent(alpha, scale=c)
