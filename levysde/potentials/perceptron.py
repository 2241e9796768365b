"""The training loss of a network with one hidden layer, with its gradient written out."""

import math

import numpy as np
import numpy.typing as npt

from levysde import checks
from levysde._typing import FloatArray
from levysde.potentials.finite_sum import FiniteSum, finite_sum
from levysde.potentials.regression import checked_data, checked_ridge

__all__ = ["mlp"]

# p has the rows of X, then y, the number of hidden units, that of classes, and the ridge. Weights:
# the rows of W (hidden, columns), a (hidden), the rows of V (outputs, hidden), b (outputs).


def _sizes(x: FloatArray, p: FloatArray) -> tuple[int, int, int, int]:
    """Columns of X, hidden units, outputs, and where y begins in p."""
    hidden, classes = int(p[len(p) - 3]), int(p[len(p) - 2])
    outputs = 1 if classes == 2 else classes
    columns = (len(x) - hidden - outputs * hidden - outputs) // hidden
    return columns, hidden, outputs, (len(p) - 3) // (columns + 1) * columns


def _hidden_unit(k: int, i: int, x: FloatArray, p: FloatArray, columns: int, hidden: int) -> float:
    """tanh(W_k.X_i + a_k)."""
    total = x[hidden * columns + k]
    for j in range(columns):
        total += x[k * columns + j] * p[i * columns + j]
    return math.tanh(total)


def _gradient(i: int, x: FloatArray, p: FloatArray, out: FloatArray) -> None:
    columns, hidden, outputs, answers = _sizes(x, p)
    answer, ridge = int(p[answers + i]), p[len(p) - 1]
    biases = hidden * columns
    weights = biases + hidden
    last = weights + outputs * hidden
    # Hidden units and residuals of the outputs wait in the places of the gradients of the biases.
    for k in range(hidden):
        out[biases + k] = _hidden_unit(k, i, x, p, columns, hidden)
    largest = -math.inf
    for o in range(outputs):
        total = x[last + o]
        for k in range(hidden):
            total += x[weights + o * hidden + k] * out[biases + k]
        out[last + o] = total
        largest = max(largest, total)
    if outputs == 1:
        out[last] = _sigmoid(largest) - answer
    else:
        norm = 0.0
        for o in range(outputs):
            out[last + o] = math.exp(out[last + o] - largest)
            norm += out[last + o]
        for o in range(outputs):
            out[last + o] = out[last + o] / norm - (1.0 if o == answer else 0.0)
    for o in range(outputs):
        for k in range(hidden):
            out[weights + o * hidden + k] = out[last + o] * out[biases + k]
    for k in range(hidden):
        back = 0.0
        for o in range(outputs):
            back += out[last + o] * x[weights + o * hidden + k]
        out[biases + k] = back * (1.0 - out[biases + k] * out[biases + k])
    for k in range(hidden):
        for j in range(columns):
            out[k * columns + j] = out[biases + k] * p[i * columns + j]
    for j in range(len(x)):
        out[j] += ridge * x[j]


def _sigmoid(z: float) -> float:
    if z >= 0.0:
        return 1.0 / (1.0 + math.exp(-z))
    return math.exp(z) / (1.0 + math.exp(z))


def _value(i: int, x: FloatArray, p: FloatArray) -> float:
    columns, hidden, outputs, answers = _sizes(x, p)
    answer, ridge = int(p[answers + i]), p[len(p) - 1]
    weights = hidden * (columns + 1)
    last = weights + outputs * hidden
    units, scores = np.empty(hidden), np.empty(outputs)
    for k in range(hidden):
        units[k] = _hidden_unit(k, i, x, p, columns, hidden)
    largest = -math.inf
    for o in range(outputs):
        scores[o] = x[last + o]
        for k in range(hidden):
            scores[o] += x[weights + o * hidden + k] * units[k]
        largest = max(largest, scores[o])
    penalty = 0.0
    for j in range(len(x)):
        penalty += 0.5 * ridge * x[j] * x[j]
    if outputs == 1:
        softplus = max(largest, 0.0) + math.log1p(math.exp(-abs(largest)))
        return softplus - answer * largest + penalty
    norm = 0.0
    for o in range(outputs):
        norm += math.exp(scores[o] - largest)
    return largest + math.log(norm) - scores[answer] + penalty


def mlp(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    hidden: int,
    ridge: float = 0.0,
    classes: int | None = None,
) -> FiniteSum:
    """The training loss of a classifier with one hidden layer: a mean over examples.

    With u = tanh(W X_i + a) and scores s = V u + b::

        f_i = log sum_o exp(s_o) - s_{y_i} + ridge |w|^2/2;

    two classes have the one score s of the second, f_i = log(1 + exp(s)) - y_i s + ridge |w|^2/2.
    The weights w are the rows of W, then a, the rows of V, and b.

    Parameters
    ----------
    X : array, shape (n, columns)
        An example a row.
    y : array, shape (n,)
        Classes 0, 1, ...
    hidden : int
        Units in the hidden layer.
    ridge : float
        Penalty on all weights, at least 0, 1/time.
    classes : int, optional
        Number of classes; one more than the largest of y unless given, and at least 2.

    Returns
    -------
    FiniteSum
        Of dim = hidden (columns + 1) + outputs (hidden + 1) weights, with one output for two
        classes and otherwise one a class.

    Raises
    ------
    ValueError
        If the data are not finite numbers of these shapes, y is no class, or a number is out of
        range.

    References
    ----------
    C. M. Bishop, "Pattern recognition and machine learning", 2006, eqs. 5.21, 5.24 and 5.56.

    Examples
    --------
    >>> risk = mlp([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 2], hidden=4)
    >>> risk.dim, risk.value_at([0.0] * 27) == math.log(3.0)
    (27, True)
    """
    data, answers = checked_data(X, y)
    units = _counted("hidden", hidden, 1)
    kinds = max(2, int(answers.max()) + 1) if classes is None else _counted("classes", classes, 2)
    if not ((answers >= 0.0) & (answers < kinds) & (answers == np.floor(answers))).all():
        raise ValueError(
            f"y has answers from {answers.min():g} to {answers.max():g}; give the classes 0 to "
            f"{kinds - 1}, whole numbers"
        )
    outputs = 1 if kinds == 2 else kinds
    dim = units * (data.shape[1] + 1) + outputs * (units + 1)
    given: dict[str, npt.ArrayLike] = {
        "X": data, "y": answers, "hidden": units, "classes": kinds, "ridge": checked_ridge(ridge)
    }  # fmt: skip
    return finite_sum(dim, len(data), _gradient, _value, given, name="mlp")


def _counted(name: str, value: object, minimum: int) -> int:
    """A whole number, also where a record has it as a float."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return checks.whole_number(name, value, minimum)
