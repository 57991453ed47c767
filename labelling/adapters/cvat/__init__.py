"""The only door to CVAT: nothing else imports `cvat_sdk` or speaks to a server.

`door.open_door(link)` gives a `Cvat` (client.py), whose methods are one call of the server's each,
read every page, and answer in the dataclasses of seen.py. All that can go wrong is one of the
CvatError classes of labelling/errors.py.
"""
