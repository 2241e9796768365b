"""The graphics processor: one path a thread, in kernels made of the functions of one path."""
