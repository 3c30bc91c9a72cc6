"""How a server ended or failed to start: exit status, words, HTTP error."""
