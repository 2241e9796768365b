"""The jump method: what its two engines are given, in continuous time and on a grid."""
