"""What needs torch. Runs only in child processes; the only importer of `training`."""
