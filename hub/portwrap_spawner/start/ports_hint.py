"""Where the user finds what programs in the server have opened: the last event of a start before the hub's own."""

from __future__ import annotations

import re
from html import escape
from typing import Any, Mapping
from urllib.parse import urlsplit

from ..service.json_values import Json

SERVICE_PATH = re.compile(r"/(?!/).*\bservices/([^/]+)/")


def ports_hint(event: Json, hub: Mapping[str, Any]) -> Json:
    """Empty where ports are not opened: events without content are not shown.

    `hub`: its web application's settings. What is no path of a service of a hub is not shown.
    """
    page = event.get("ports_page")
    service = SERVICE_PATH.fullmatch(page) if isinstance(page, str) else None
    if service is None:
        return {}
    address = f"{_host_of(service[1], hub)}{page}"
    link = escape(address, quote=True)
    return {
        "progress": 100,
        "message": f"What you open inside is at {address}",
        "html_message": f'What you open inside is at <a href="{link}">{link}</a>',
    }


def _host_of(service: str, hub: Mapping[str, Any]) -> str:
    """As JupyterHub 6.1 names it in service_from_orm, and 3 and 4 in init_services. Empty: the hub's own."""
    if not hub.get("subdomain_host"):
        return ""
    address = urlsplit(hub["subdomain_host"])
    hook = hub.get("subdomain_hook")
    domain = (
        f"services.{address.hostname}" if hook is None else hook(service, address.hostname, kind="service")
    )
    return f"{address.scheme}://{domain}" + ("" if address.port is None else f":{address.port}")
