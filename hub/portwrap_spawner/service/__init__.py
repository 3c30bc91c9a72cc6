"""Requests to the spawner service: connection, protocol, repetition."""
