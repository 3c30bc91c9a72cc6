"""A page of the demo's hub for the notebook "Start here": what a program outside of all sandboxes sees.

Not here: the rest of the hub's configuration (config-files.mjs).
"""

import asyncio

from jupyterhub.apihandlers.base import APIHandler
from tornado import web

# The only port that is asked, so that the page tells nobody what else listens on this machine.
PORT = 8765


def handlers(listeners):
    """For `c.JupyterHub.extra_handlers`. `listeners`: name -> port of this machine."""
    return [(r"/demo/outside", Outside, {"listeners": listeners})]


class Outside(APIHandler):
    def initialize(self, listeners):
        self.listeners = listeners

    async def get(self):
        if self.current_user is None:
            raise web.HTTPError(403)
        answer = await asyncio.wait_for(ask("127.0.0.1", PORT), 10)
        self.finish({"answer": answer, "listeners": self.listeners, "servers": self.host_ports()})

    def host_ports(self):
        """Those of all servers that run, without saying whose."""
        spawners = [spawner for user in self.users.values() for spawner in user.spawners.values()]
        return sorted(spawner.server.port for spawner in spawners if spawner.ready)


async def ask(address, port):
    """The body of an HTTP response, or the name of the error."""
    try:
        reader, writer = await asyncio.open_connection(address, port)
    except OSError as error:
        return type(error).__name__
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    response = await reader.read(4096)
    writer.close()
    return response.decode("latin-1").rpartition("\r\n\r\n")[2]
