"""A round's pool scored: what can be taken from an earlier round is taken, the rest is shared out.

The plan says which tile is scored where; a shard is some tiles of it, whose figures one worker puts
into storage; merging them gives the pool's arrays, the same to the bit however many helped.
"""
