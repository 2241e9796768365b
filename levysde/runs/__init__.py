"""A simulation from the call to the file: the verbs, the run, its record and its results."""
