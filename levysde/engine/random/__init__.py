"""Random numbers by address: Philox, elementary functions, variates and quantiles."""
