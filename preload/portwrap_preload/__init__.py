"""The fork server: imports Jupyter once, and forks a process for each server of a user (docs/preload.md)."""
