"""Random numbers, elementary functions and the block engine.

Nothing here knows a potential, an optimizer or a noise law by name: parts arrive as plain functions
of one path and leave as compiled passes over a block of paths.
"""
