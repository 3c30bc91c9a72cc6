"""What the hub saves about the server that it has started, to find it again after a restart."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .service.json_values import Json


@dataclass
class StartedServer:
    """No spawn id: none was started.

    `started_as`: the name by which the service knows it; JupyterHub >= 6.0 can rename a server.
    `state_id`, `boot_id`: of the service's state directory and of its machine.
    """

    spawn_id: str = ""
    started_as: str = ""
    pid: int | None = None
    port: int | None = None
    state_id: str = ""
    boot_id: str = ""

    @classmethod
    def from_state(cls, state: Json, name: str) -> StartedServer:
        """As to_state() has saved it; `name` for a state of an earlier plugin, which has none."""
        return cls(
            state.get("spawn_id") or "",
            state.get("started_as", name),
            state.get("pid"),
            state.get("port"),
            state.get("state_id") or "",
            state.get("boot_id") or "",
        )

    def to_state(self) -> Json:
        return asdict(self) if self.spawn_id else {}

    def learn(self, server: Json) -> None:
        """Takes over what the service says about this server."""
        # Hubs up to 5.0 let a start run on after its timeout; by then another one may be the current one.
        if server.get("spawn_id") != self.spawn_id:
            return
        self.pid = server.get("pid")
        self.port = server.get("port")
        self.state_id = server.get("state_id") or self.state_id
        self.boot_id = server.get("boot_id") or self.boot_id
