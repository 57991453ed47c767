"""From a snapshot folder to a checkpoint, and from a checkpoint to a stream of probabilities.

Knows torch, numpy and plain folders; nothing of people, tasks, databases or map projections.
"""
