"""What one start of a server is made of: its request, its events, its certificate."""
