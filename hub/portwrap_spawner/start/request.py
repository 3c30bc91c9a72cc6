"""The body of the request that starts a server (docs/protocol.md)."""

from __future__ import annotations

from typing import Mapping, Sequence

from ..service.json_values import Json

# JupyterHub's own default. Anything else was set by an administrator and replaces the profile's command.
HUB_DEFAULT_CMD = ["jupyterhub-singleuser"]


def start_request(
    *,
    spawn_id: str,
    groups: Sequence[str],
    profile: str,
    user_options: Json,
    env: Mapping[str, object],
    cmd: Sequence[str],
    args: Sequence[str],
    base_url: str | None,
    proxy_spec: str,
    mem_limit: int | None,
    cpu_limit: float | None,
    tls: Mapping[str, str] | None,
) -> Json:
    """`profile`: empty if nobody chose one; `base_url`: of the server, if the hub has one.

    `mem_limit` in bytes, `cpu_limit` in CPUs: the hub's, None or 0 for none; the profile's limits hold too.
    `tls`: the server's certificate, with JupyterHub.internal_ssl.
    """
    request: Json = {
        "spawn_id": spawn_id,
        "groups": list(groups),
        "user_options": user_options,
        "env": {key: str(value) for key, value in env.items()},
    }
    if base_url is not None:
        request["route_prefix"] = base_url
        # With JupyterHub.subdomain_host: "alice.hub.example.org/user/alice/"
        host = proxy_spec.partition("/")[0]
        if host:
            request["route_host"] = host
    if profile:
        request["profile"] = profile
    if list(cmd) != HUB_DEFAULT_CMD:
        request["command"] = list(cmd)
    if args:
        request["args"] = list(args)
    limits = {name: limit for name, limit in (("memory", mem_limit), ("cpus", cpu_limit)) if limit}
    if limits:
        request["limits"] = limits
    if tls:
        request["tls"] = dict(tls)
    return request
