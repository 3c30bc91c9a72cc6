from logging import Logger
from typing import Any

from traitlets import HasTraits

class ConfigurableHTTPProxy(HasTraits):
    log: Logger
    command: list[str]
    auth_token: str
    api_url: str
    pid_file: str
    should_start: bool
    check_running_interval: int
    # subprocess.Popen or anything that behaves like it
    proxy_process: Any

    async def start(self) -> None: ...
    async def check_running(self) -> None: ...
