"""A FAKE of the spawner service: speaks docs/protocol.md, runs nothing.

Tests play the service's part through its methods (`say`, `become_ready`, `fail`, `die`) and its
misfortunes (`kill`, `starting_up`, `drop_streams`, `forget`, `lose_records`, `reboot`).
"""

import asyncio
import json
from urllib.parse import urlsplit

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets, bind_unix_socket

TOKEN = "the-token-of-the-tests"


class FakeService:
    def __init__(self):
        self.url = ""
        self.servers = {}  # (user, name) -> server
        self.events = {}  # spawn id -> [event]
        self.bodies = []  # of every POST
        self.requests = []  # "METHOD path?query"
        self.protocols = []  # of each of them
        self.tombstones = set()
        self.starting_up = False
        self.refuse_start = None  # an error object and its status
        self.refuse_options = set()  # names in user_options; "profile" for any profile
        self.full = set()  # names of profiles of which no more can be started; "" for the default
        self.profiles = []  # what everyone may start
        self.maintenance = None  # an older service has none
        self.ready_at_once = True
        self.state_id, self.boot_id = "state-1", "boot-1"
        self._changed = asyncio.Condition()
        self._http = None
        self._streams = set()

    async def listen(self, socket_path=None):
        """Also after kill(): at the same address again."""
        application = web.Application(
            [
                (r"/api/users/([^/]+)/(?:server|servers/([^/]+))", ServerHandler),
                (r"/api/users/([^/]+)/(?:server|servers/([^/]+))/progress", ProgressHandler),
                (r"/api/users/([^/]+)/profiles", ProfilesHandler),
                (r"/api/maintenance", MaintenanceHandler),
            ],
            fake=self,
            log_function=lambda handler: None,
        )
        self._http = HTTPServer(application)
        if socket_path:
            self._http.add_socket(bind_unix_socket(str(socket_path)))
            self.url = f"unix://{socket_path}"
            return
        port = urlsplit(self.url).port or 0
        sockets = bind_sockets(port, "127.0.0.1")
        self._http.add_sockets(sockets)
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"

    async def kill(self):
        """As kill -9: nothing listens, every connection breaks."""
        self._http.stop()
        self.drop_streams()
        await self._http.close_all_connections()

    def drop_streams(self):
        for handler in list(self._streams):
            handler.request.connection.stream.close()

    async def until(self, condition):
        """Waits until the condition holds; it is looked at after every request and every change."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(condition), 10)

    async def changed(self):
        async with self._changed:
            self._changed.notify_all()

    def of(self, spawn_id):
        return next((s for s in self.servers.values() if s["spawn_id"] == spawn_id), None)

    async def say(self, spawn_id, **event):
        self.events[spawn_id].append(event)
        await self.changed()

    async def become_ready(self, spawn_id, **more):
        self.of(spawn_id).update(
            state="ready",
            ready=True,
            pending=None,
            pid=4711,
            url="http://127.0.0.1:20017",
            host="127.0.0.1",
            port=20017,
        )
        await self.say(spawn_id, progress=100, ready=True, message="Ready", **more)

    async def fail(self, spawn_id, error):
        self.of(spawn_id).update(state="exited", error=error, exit={"code": 1, "signal": None})
        await self.say(spawn_id, progress=100, failed=True, message=error["message"], error=error)

    async def die(self, spawn_id, code=None, signal=None):
        self.of(spawn_id).update(state="exited", exit={"code": code, "signal": signal})
        await self.changed()

    def forget(self):
        self.servers.clear()

    def lose_records(self):
        self.servers.clear()
        self.state_id = "state-2"

    def reboot(self):
        self.servers.clear()
        self.boot_id = "boot-2"


class Handler(web.RequestHandler):
    @property
    def fake(self):
        return self.settings["fake"]

    async def prepare(self):
        self.fake.requests.append(f"{self.request.method} {self.request.uri}")
        self.fake.protocols.append(self.request.headers.get("Portwrap-Protocol"))
        await self.fake.changed()
        if self.request.headers.get("Authorization") != "token " + TOKEN:
            self.refuse(401, "UNAUTHORIZED", "no or wrong token")
        elif self.fake.starting_up:
            self.refuse(503, "STARTING_UP", "reading the records")

    def refuse(self, status, code, message, **more):
        self.set_status(status)
        self.finish(dict({"hint": "A hint."}, code=code, message=message, **more))

    def known(self, user, name):
        """The server that the request means, or None."""
        server = self.fake.servers.get((user, name or ""))
        spawn_id = self.get_query_argument("spawn_id", None)
        return server if server and spawn_id in (None, server["spawn_id"]) else None

    def refuse_unknown(self):
        fake = self.fake
        self.refuse(404, "SERVER_UNKNOWN", "not known", state_id=fake.state_id, boot_id=fake.boot_id)


class ServerHandler(Handler):
    async def post(self, user, name):
        fake = self.fake
        body = json.loads(self.request.body.decode())
        fake.bodies.append(body)
        spawn_id = body["spawn_id"]
        running = fake.servers.get((user, name or ""))
        if fake.refuse_start:
            status, error = fake.refuse_start
            self.refuse(status, **error)
        elif "profile" in body and "profile" in fake.refuse_options:
            self.refuse(400, "PROFILE_UNKNOWN", "there is no such profile")
        elif fake.refuse_options & set(body["user_options"]):
            self.refuse(400, "OPTION_INVALID", "an option is not one of this profile")
        elif body.get("profile", "") in fake.full:
            self.refuse(429, "LIMIT_REACHED", "big needs 1 of the 4 GPUs, and 0 are free")
        elif spawn_id in fake.tombstones:
            self.refuse(409, "SPAWN_CANCELLED", "stopped before it started")
        elif running and running["spawn_id"] == spawn_id:
            self.finish(running)
        elif running and running["state"] != "exited":
            self.refuse(409, "SPAWN_CONFLICT", "runs under another spawn id")
        else:
            server = fake.servers[user, name or ""] = {
                "user": user,
                "name": name or "",
                "spawn_id": spawn_id,
                "state": "starting",
                "ready": False,
                "pending": "spawn",
                "url": None,
                "host": None,
                "port": None,
                "pid": None,
                "state_id": fake.state_id,
                "boot_id": fake.boot_id,
                "exit": None,
                "error": None,
            }
            fake.events[spawn_id] = []
            self.set_status(202)
            self.finish(dict(server))
            await fake.changed()
            if fake.ready_at_once:
                await fake.say(spawn_id, progress=40, message="Starting the sandbox")
                await fake.become_ready(spawn_id)

    def get(self, user, name):
        server = self.known(user, name)
        self.finish(server) if server else self.refuse_unknown()

    async def delete(self, user, name):
        server = self.known(user, name)
        spawn_id = self.get_query_argument("spawn_id", None)
        if server:
            del self.fake.servers[user, name or ""]
            error = {"code": "SPAWN_CANCELLED", "message": "stopped", "hint": ""}
            self.fake.events[server["spawn_id"]].append({"failed": True, "error": error})
        elif spawn_id:
            self.fake.tombstones.add(spawn_id)
        self.set_status(204)
        self.finish()
        await self.fake.changed()


class ProfilesHandler(Handler):
    def get(self, user):
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(self.fake.profiles))


class MaintenanceHandler(Handler):
    def get(self):
        if self.fake.maintenance is None:
            self.refuse(404, "NOT_FOUND", "GET /api/maintenance does not exist")
        else:
            self.finish(self.fake.maintenance)


class ProgressHandler(Handler):
    async def get(self, user, name):
        fake, server = self.fake, self.known(user, name)
        if not server:
            self.refuse_unknown()
            return
        self.set_header("Content-Type", "text/event-stream")
        events = fake.events[server["spawn_id"]]
        sent = int(self.request.headers.get("Last-Event-ID") or 0)
        self.write(": hello\n\n")
        await self.flush()
        fake._streams.add(self)
        await fake.changed()
        try:
            while True:
                async with fake._changed:
                    await fake._changed.wait_for(lambda sent=sent: sent < len(events) or self.gone)
                if self.gone:
                    return
                event = events[sent]
                sent += 1
                self.write(f"id: {sent}\ndata: {json.dumps(event)}\n\n")
                await self.flush()
                if event.get("ready") or event.get("failed"):
                    return
        finally:
            fake._streams.discard(self)
            await fake.changed()

    gone = False

    def on_connection_close(self):
        self.gone = True
        IOLoop.current().add_callback(self.fake.changed)
