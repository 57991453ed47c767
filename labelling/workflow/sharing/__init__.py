"""One job, many workers: its work is cut into shards that any of them may do.

The conductor is the worker that holds the Job. It writes the shards' rows, calls for help, works on
shards itself until none is left, and puts the results together in the shards' order. A helper is
any other worker that heard the call: it takes one shard after the other. Who dies loses the shard
in hand and no more: its lease ends, and another worker takes it. So one worker alone does the whole
job, and twenty do it twenty times as fast.
"""
