"""Noise laws: the increments of a Levy process over one step.

Convention, used everywhere in this package: the standard symmetric alpha-stable law SaS(1) has the
characteristic function exp(-|u|^alpha), 0 < alpha <= 2. It is `scipy.stats.levy_stable(alpha, 0)`.
At alpha = 2 it is the normal law of variance 2 (not 1), at alpha = 1 the Cauchy law.

=============== ======================================== ==================================
law             E exp(i u.L_1)                           jumps
=============== ======================================== ==================================
`independent`   exp(-sum_j abs(sigma_j u_j)^alpha)       along the axes
`multifractal`  exp(-sum_j abs(sigma_j u_j)^alpha_j)     along the axes
`mixed`         exp(-sum_k abs((G'u)_k)^alpha)           along the columns of G
`spectral`      exp(-sum_k w_k abs(s_k.u)^alpha)         along the directions s_k
`isotropic`     exp(-abs(sigma u)^alpha)                 in all directions alike
`elliptic`      exp(-abs(G'u)^alpha)                     in all directions, as G maps the sphere
=============== ======================================== ==================================

All of these say their Levy measure in one of two forms, which a law of your own may say too:
`Columns`, masses on columns, and `Sphere`, the image of the isotropic law.

`tempered` is a Levy process that is not stable: its large jumps are exponentially rare.

Laws of one step of the algorithm, and of no Levy process, are `student_t`, `lomax`, `truncated`,
and what `ls.Noise(draw, params, alpha)` makes of a function of the user, a `Drawn`. So is
`empirical`, whose increments are rows of data.

`fit` makes a law of samples, and `gaussian_of` the Gaussian one of their covariance.

`plus_brownian` adds Brownian motion to any of them, and `scaled` multiplies them by a factor or a
matrix that depends on the state and on time. `minibatch` is the noise of an algorithm that draws
batches of examples.
"""

from levysde import spec
from levysde.noise.brownian import PlusBrownian, plus_brownian
from levysde.noise.columns import Columns
from levysde.noise.drawn import Drawn
from levysde.noise.empirical import Empirical, empirical
from levysde.noise.fitted import FittedNoise, FittedPrediction
from levysde.noise.fitting import fit, gaussian_of
from levysde.noise.heavy_tailed import Lomax, StudentT, lomax, student_t
from levysde.noise.independent import Independent, Multifractal, independent, multifractal
from levysde.noise.isotropic import Elliptic, Isotropic, elliptic, isotropic
from levysde.noise.law import CONVENTION, Noise
from levysde.noise.minibatch import Minibatch, minibatch
from levysde.noise.mixed import Mixed, Spectral, mixed, spectral
from levysde.noise.samples import sample
from levysde.noise.scaled import Scaled, scaled
from levysde.noise.silence import none
from levysde.noise.sphere import Sphere
from levysde.noise.tempered import Tempered, tempered
from levysde.noise.truncated import Truncated, truncated

__all__ = [
    "CONVENTION",
    "Columns",
    "Drawn",
    "Elliptic",
    "Empirical",
    "FittedNoise",
    "FittedPrediction",
    "Independent",
    "Isotropic",
    "Lomax",
    "Minibatch",
    "Mixed",
    "Multifractal",
    "Noise",
    "PlusBrownian",
    "Scaled",
    "Spectral",
    "Sphere",
    "StudentT",
    "Tempered",
    "Truncated",
    "elliptic",
    "empirical",
    "fit",
    "gaussian_of",
    "independent",
    "isotropic",
    "lomax",
    "minibatch",
    "mixed",
    "multifractal",
    "none",
    "plus_brownian",
    "sample",
    "scaled",
    "spectral",
    "student_t",
    "tempered",
    "truncated",
]

# A law that only the table names is here too, and not the module of its name.
globals().update({name: spec.constructor("noise", name) for name in spec.NOISES})
