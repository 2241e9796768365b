"""A small convolutional network in numpy: gradients of single examples.

One convolution with 3x3 filters on square images, without padding; the maximum of each 2x2 square
of what comes out; ReLU; a dense layer. `sizes` are the side of the images, which is even, the
number of filters and that of classes. The loss is the cross entropy.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SIDE, TAPS, SQUARE = 3, 9, 4
"""Of a filter: its side and its number of weights; and the number of places in a pooled square."""


class Net(NamedTuple):
    """Views of the filters, the matrix and their biases, in one array of all weights."""

    filters: FloatArray
    filter_bias: FloatArray
    matrix: FloatArray
    bias: FloatArray


class Signals(NamedTuple):
    """What a network makes of images: patches of maxima, features and scores."""

    patches: FloatArray
    features: FloatArray
    scores: FloatArray


def squares(sizes: tuple[int, ...]) -> int:
    """Number of pooled squares on a side."""
    return (sizes[0] - SIDE + 1) // 2


def shapes(sizes: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Of filters, their biases, the matrix and its biases."""
    _, channels, classes = sizes
    return [(channels, TAPS), (channels,), (classes, squares(sizes) ** 2 * channels), (classes,)]


def layers(weights: FloatArray, sizes: tuple[int, ...]) -> Net:
    """Views of the weights by layer."""
    every = shapes(sizes)
    ends = np.cumsum([math.prod(shape) for shape in every])
    parts = np.split(weights, ends[:-1])
    return Net(*(each.reshape(shape) for each, shape in zip(parts, every, strict=True)))


def initial(sizes: tuple[int, ...], random: np.random.Generator) -> FloatArray:
    """Gaussian weights of variance 1/inputs, and biases that are 0."""
    parts = [
        random.standard_normal(shape) / math.sqrt(shape[1]) if len(shape) == 2 else np.zeros(shape)
        for shape in shapes(sizes)
    ]
    return np.concatenate([each.ravel() for each in parts])


def windows(X: FloatArray, sizes: tuple[int, ...]) -> FloatArray:
    """Patches under the filters by pooled square, shape (examples, squares, 4, 9)."""
    images = X.reshape(-1, sizes[0], sizes[0])
    patches = np.lib.stride_tricks.sliding_window_view(images, (SIDE, SIDE), axis=(1, 2))
    k = squares(sizes)
    split = patches.reshape(len(images), k, 2, k, 2, TAPS).transpose(0, 1, 3, 2, 4, 5)
    return split.reshape(len(images), k * k, SQUARE, TAPS)


def forward(net: Net, sizes: tuple[int, ...], X: FloatArray) -> Signals:
    """From images to scores."""
    around = windows(X, sizes)
    responses = around @ net.filters.T + net.filter_bias
    best = responses.argmax(axis=2)
    n, k, _ = best.shape
    patches = around[np.arange(n)[:, None, None], np.arange(k)[None, :, None], best]
    features = np.maximum(responses.max(axis=2), 0.0).reshape(n, -1)
    return Signals(patches, features, features @ net.matrix.T + net.bias)


def slopes(
    net: Net, signals: Signals, y: NDArray[np.int64]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Derivatives of every loss by filters, by their biases and by scores."""
    delta = np.exp(signals.scores - signals.scores.max(axis=1, keepdims=True))
    delta /= delta.sum(axis=1, keepdims=True)
    delta[np.arange(len(y)), y] -= 1.0
    inner = ((delta @ net.matrix) * (signals.features > 0.0)).reshape(signals.patches.shape[:-1])
    return np.einsum("nkc,nkct->nct", inner, signals.patches), inner.sum(axis=1), delta


def single_gradients(
    weights: FloatArray, sizes: tuple[int, ...], X: FloatArray, y: NDArray[np.int64]
) -> FloatArray:
    """The gradient of every example, shape (examples, weights)."""
    net = layers(weights, sizes)
    signals = forward(net, sizes, X)
    by_filters, by_biases, delta = slopes(net, signals, y)
    by_matrix = delta[:, :, None] * signals.features[:, None, :]
    n = len(y)
    return np.concatenate(
        [by_filters.reshape(n, -1), by_biases, by_matrix.reshape(n, -1), delta], axis=1
    )


def mean_gradient(
    weights: FloatArray, sizes: tuple[int, ...], X: FloatArray, y: NDArray[np.int64]
) -> FloatArray:
    """The mean of the gradients of examples, shape (weights,)."""
    net = layers(weights, sizes)
    signals = forward(net, sizes, X)
    by_filters, by_biases, delta = slopes(net, signals, y)
    return np.concatenate([
        by_filters.mean(axis=0).ravel(), by_biases.mean(axis=0),
        (delta.T @ signals.features).ravel() / len(y), delta.mean(axis=0),
    ])  # fmt: skip


def accuracy(
    weights: FloatArray, sizes: tuple[int, ...], X: FloatArray, y: NDArray[np.int64]
) -> float:
    """Share of examples whose largest score is that of their class."""
    scores = forward(layers(weights, sizes), sizes, X).scores
    return float(np.mean(scores.argmax(axis=1) == y))
