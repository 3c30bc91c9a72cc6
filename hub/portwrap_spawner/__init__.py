"""The JupyterHub side of portwrap-spawner: a spawner class that is a thin client of the service."""

from .spawner import PortwrapSpawner

__version__ = "0.1.0"
__all__ = ["PortwrapSpawner"]
