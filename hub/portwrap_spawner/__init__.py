"""The JupyterHub side of portwrap-spawner: a spawner that is a thin client of the service, and our proxy."""

from .proxy import PortwrapProxy
from .spawner import PortwrapSpawner

__version__ = "0.1.0"
__all__ = ["PortwrapProxy", "PortwrapSpawner"]
