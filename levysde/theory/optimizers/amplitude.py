"""Noise amplitude and time step of a recurrence that is given by its learning rate."""

from __future__ import annotations

from levysde.theory.measure.jump_laws import has_several_indices
from levysde.theory.numbers import checked_positive
from levysde.theory.protocols import DynamicsLike, NoiseLike


def amplitude_and_step(
    dynamics: DynamicsLike,
    noise: NoiseLike,
    epsilon: float | None,
    dt: float | None,
    lr: float | None,
) -> tuple[float, float | None]:
    """Return epsilon and dt, which a learning rate takes the place of.

    One iteration x <- x - lr (grad F(x) + noise), the noise of the gradient following the noise law
    as it is, its scales included, is one step dt = lr of dX = -grad F dt + eps dL with
    eps dt^(1/alpha) = lr, that is eps = lr^((alpha - 1)/alpha).

    Parameters
    ----------
    dynamics : object
        Not an optimizer in the form of an SDE: a recurrence.
    noise : object
        The noise law, of one index alpha.
    epsilon : float or None
        Noise amplitude; None where ``lr`` is given.
    dt : float or None
        Time step; None where ``lr`` is given.
    lr : float or None
        Learning rate, the time of one iteration.

    Returns
    -------
    (float, float or None)
        Epsilon and dt.

    Raises
    ------
    ValueError
        If ``lr`` is given together with epsilon or dt, for an SDE or for a law of several indices,
        or neither ``lr`` nor epsilon is given.

    Notes
    -----
    Source: Zhou et al., NeurIPS 2020 (arXiv 2010.05627), eq. 4.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from levysde import noise
    >>> sgd, law = SimpleNamespace(rule=None), noise.independent(1.5)
    >>> epsilon, dt = amplitude_and_step(sgd, law, None, None, 0.001)
    >>> round(epsilon, 12), dt
    (0.1, 0.001)
    """
    if lr is None:
        if epsilon is None:
            raise ValueError("neither epsilon nor lr is given; give one of them")
        return epsilon, dt
    lr = checked_positive(lr, "lr")
    for name, value in (("epsilon", epsilon), ("dt", dt)):
        if value is not None:
            raise ValueError(
                f"lr is {lr:g} and {name} is {value:g}, but with a learning rate dt = lr and "
                "epsilon = lr^((alpha - 1)/alpha); give lr, or epsilon and dt"
            )
    rule = dynamics.rule
    if rule is not None and rule.form == "sde" and not rule.plain:
        raise ValueError(
            f"lr is {lr:g}, but {dynamics.name} in the form 'sde' is no recurrence with a learning "
            "rate; give epsilon and dt, or form='algorithm'"
        )
    if has_several_indices(noise):
        raise ValueError(
            f"lr is {lr:g}, but epsilon = lr^((alpha - 1)/alpha) needs one alpha and {noise.name} "
            "noise has several; give epsilon and dt"
        )
    if not getattr(noise, "self_similar", True):
        raise ValueError(
            f"lr is {lr:g}, but epsilon = lr^((alpha - 1)/alpha) needs steps dt^(1/alpha) Z of one "
            f"law at any dt, which {noise.name} noise has not; give epsilon and dt"
        )
    alpha = float(noise.alpha)
    return lr ** ((alpha - 1.0) / alpha), lr
