"""A request with the HTTP client that this JupyterHub uses itself, and so with its certificates under internal_ssl.

JupyterHub 6 configures aiohttp, which also reaches unix sockets; earlier ones configure tornado's client.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any, Mapping

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

CONNECT_SECONDS = 3
SECONDS = 5


class NoResponse(Exception):
    """Nothing responded; the message says why."""


async def status_of(url: str, headers: Mapping[str, str]) -> int:
    """The status of the response to a GET. Raises NoResponse."""
    fetch = _fetch_of_the_hub()
    if fetch is None:
        return await _status_by_tornado(url, headers)
    aiohttp: Any = importlib.import_module("aiohttp")
    timeout = aiohttp.ClientTimeout(total=SECONDS, sock_connect=CONNECT_SECONDS)
    try:
        response = await fetch(url, headers=dict(headers), timeout=timeout, raise_for_status=False)
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
        raise NoResponse(_words(error)) from error
    response.release()
    return int(response.status)


def _fetch_of_the_hub() -> Any:
    try:
        return importlib.import_module("jupyterhub.httpclient").fetch
    except ImportError:  # before 6.0
        return None


async def _status_by_tornado(url: str, headers: Mapping[str, str]) -> int:
    request = HTTPRequest(
        url, headers=dict(headers), connect_timeout=CONNECT_SECONDS, request_timeout=SECONDS
    )
    try:
        response = await AsyncHTTPClient().fetch(request)
    except HTTPClientError as error:
        if error.code == 599:  # tornado's own, where nothing responded
            raise NoResponse(_words(error)) from error
        return error.code
    except (OSError, ValueError) as error:  # ValueError: a URL of a kind that this client does not know
        raise NoResponse(_words(error)) from error
    return response.code


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
