"""How good a mask is: counts that add up, and everything that can be said from them.

Tiles are judged one by one and forgotten; what stays is a `Counts` for each scene. Intervals and
tests come from resampling scenes, because the pixels of a scene are no independent evidence.
"""
