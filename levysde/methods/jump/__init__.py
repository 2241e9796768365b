"""The jump method in continuous time: the program of the jump-adapted engine and its threshold."""
