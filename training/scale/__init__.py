"""One fit in several processes, and a batch in as many pieces as memory wants."""
