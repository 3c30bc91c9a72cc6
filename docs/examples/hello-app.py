"""A web application as a user's server: no Jupyter, but the hub's login. Needs jupyterhub and tornado."""

import os
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler, authenticated


class Hello(HubOAuthenticated, RequestHandler):
    @authenticated
    def get(self):
        self.write("Hello, {}".format(self.current_user["name"]))


class Healthy(RequestHandler):
    def get(self):
        self.write("ok")


prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
application = Application(
    [
        (prefix + "healthz", Healthy),
        (prefix + "oauth_callback", HubOAuthCallbackHandler),
        (prefix + ".*", Hello),
    ],
    cookie_secret=os.urandom(32),
)
application.listen(address.port, address.hostname)
IOLoop.current().start()
