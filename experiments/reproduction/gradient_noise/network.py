"""A network of fully connected layers in numpy: gradients of single examples, and training."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Layers = list[tuple[FloatArray, FloatArray]]


def layers(weights: FloatArray, sizes: tuple[int, ...]) -> Layers:
    """Views of the matrix and the bias of every layer, in one array of all weights."""
    found, place = [], 0
    for inputs, outputs in pairwise(sizes):
        end = place + inputs * outputs
        found.append((weights[place:end].reshape(outputs, inputs), weights[end : end + outputs]))
        place = end + outputs
    return found


def initial(sizes: tuple[int, ...], random: np.random.Generator) -> FloatArray:
    """Gaussian weights of variance 1/inputs, and biases that are 0."""
    parts = []
    for inputs, outputs in pairwise(sizes):
        parts.append(random.standard_normal(inputs * outputs) / math.sqrt(inputs))
        parts.append(np.zeros(outputs))
    return np.concatenate(parts)


def back(
    weights: FloatArray, sizes: tuple[int, ...], X: FloatArray, y: NDArray[np.int64]
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """What goes into each layer and the derivative by what comes out, from the last one.

    The loss is the cross entropy, and hidden units are tanh.
    """
    net, inputs = layers(weights, sizes), [X]
    for matrix, bias in net[:-1]:
        inputs.append(np.tanh(inputs[-1] @ matrix.T + bias))
    scores = inputs[-1] @ net[-1][0].T + net[-1][1]
    delta = np.exp(scores - scores.max(axis=1, keepdims=True))
    delta /= delta.sum(axis=1, keepdims=True)
    delta[np.arange(len(y)), y] -= 1.0
    for (matrix, _), before in zip(reversed(net), reversed(inputs), strict=True):
        yield before, delta
        delta = (delta @ matrix) * (1.0 - before**2)


def single_gradients(
    weights: FloatArray, sizes: tuple[int, ...], X: FloatArray, y: NDArray[np.int64]
) -> FloatArray:
    """The gradient of every example, shape (examples, weights)."""
    parts = []
    for before, delta in back(weights, sizes, X, y):
        parts += [delta, (delta[:, :, None] * before[:, None, :]).reshape(len(y), -1)]
    return np.concatenate(parts[::-1], axis=1)


def mean_gradient(
    weights: FloatArray, sizes: tuple[int, ...], X: FloatArray, y: NDArray[np.int64]
) -> FloatArray:
    """The mean of the gradients of examples, shape (weights,)."""
    parts = []
    for before, delta in back(weights, sizes, X, y):
        parts += [delta.mean(axis=0), (delta.T @ before).ravel() / len(y)]
    return np.concatenate(parts[::-1])


def accuracy(
    weights: FloatArray, sizes: tuple[int, ...], X: FloatArray, y: NDArray[np.int64]
) -> float:
    """Share of examples whose largest score is that of their class."""
    signal = X
    for matrix, bias in layers(weights, sizes)[:-1]:
        signal = np.tanh(signal @ matrix.T + bias)
    matrix, bias = layers(weights, sizes)[-1]
    return float(np.mean((signal @ matrix.T + bias).argmax(axis=1) == y))
