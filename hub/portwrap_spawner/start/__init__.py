"""One start of a server: its request, its progress, its certificate, and the hub's address in a sandbox."""
