"""Constants of compiled code, as the nearest floating-point numbers."""

LN_2 = 0.6931471805599453
LOG2_E = 1.4426950408889634
SQRT_HALF = 0.7071067811865476
