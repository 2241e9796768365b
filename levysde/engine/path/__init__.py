"""One path, as plain functions: what every backend makes its passes and kernels of."""
