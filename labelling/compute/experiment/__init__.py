"""Experiments on one snapshot: arms by seeds in, a verdict on one metric named beforehand out."""
