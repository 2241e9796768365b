"""What becomes of one jump: motion, equilibrium, relaxation and exits of an optimizer."""
