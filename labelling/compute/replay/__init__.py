"""Active learning replayed on a labelled pool: a folder in, curves and ratios out; no database."""
