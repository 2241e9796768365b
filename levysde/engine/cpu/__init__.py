"""The processor: passes over blocks of paths, and the drivers that run programs in threads."""
