"""The jump method on a grid: a recurrence whose quiescent iterations are skipped."""
