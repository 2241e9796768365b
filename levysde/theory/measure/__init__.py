"""The Levy measure of what leaves: jumps, rays, closed forms, escape measures and exit laws."""
