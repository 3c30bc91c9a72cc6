"""The spawner service and the proxy command of one run of JupyterHub's tests, in a temporary directory.

Owns their files and their end. Needs `npm run build`.
"""

import json
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
SECONDS = 120


class Service:
    token = "the-token-of-jupyterhubs-own-tests"

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="pws-suite-"))
        self.directory.chmod(0o711)  # homes below it must be reachable for their owners
        # JupyterHub's tests make files and users' directories where temporary files go, and keep them.
        tempfile.tempdir = os.environ["TMPDIR"] = str(self.directory / "temporary")
        Path(tempfile.tempdir).mkdir()
        Path(tempfile.tempdir).chmod(0o1777)
        self._config = self.directory / "config.yaml"
        self._log = self.directory / "service.log"
        self._node = shutil.which("node") or "node"
        self._process = None
        self.url = f"unix://{self.directory}/api.sock"

    def start(self):
        """Returns when the service answers. Raises with its log if it ends before, or does not answer in time."""
        self._write_files()
        os.environ["PATH"] = "{}:{}".format(self.directory, os.environ["PATH"])
        self._process = subprocess.Popen(
            self._command("serve"), env=self._environment(), stderr=subprocess.PIPE, bufsize=0
        )
        answered = threading.Event()
        threading.Thread(target=self._keep_log, args=(answered,), daemon=True).start()
        in_time = answered.wait(SECONDS)
        if self._process.poll() is not None or not in_time:
            self._process.kill()
            raise RuntimeError(f"the service was not ready in {SECONDS} s: {self._log.read_text()}")

    def end(self):
        """Servers that a test has not stopped end with it (stop_servers_on_exit)."""
        self._process.terminate()
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise RuntimeError(f"the service did not end in {SECONDS} s: {self._log.read_text()}") from None
        shutil.rmtree(str(self.directory))

    def _command(self, *argv):
        main = ROOT / "dist" / "spawner" / "main.js"
        return [self._node, str(main), *argv, "--config", str(self._config)]

    def _environment(self):
        return dict(os.environ, PORTWRAP_SUITE_TOKEN=self.token)

    def _write_files(self):
        config = {
            "service": {
                "listen": f"unix:{self.directory}/api.sock",
                "state_dir": str(self.directory / "state"),
                "stop_servers_on_exit": True,
            },
            "hubs": [{"name": "hub", "token_env": "PORTWRAP_SUITE_TOKEN"}],
            "accounts": {
                "mode": "dynamic" if os.getuid() == 0 else "service",
                "home": f"{self.directory}/homes/{{username}}",
            },
            "profiles": [{"name": "default", "stop_timeout": 2}],
        }
        self._config.write_text(json.dumps(config))  # JSON is YAML
        main = ROOT / "dist" / "proxy" / "main.js"
        for name in ("portwrap-proxy", "configurable-http-proxy"):
            proxy = self.directory / name
            proxy.write_text(f"#!/bin/sh\nexec '{self._node}' '{main}' \"$@\"\n")
            proxy.chmod(0o755)

    def _keep_log(self, answered):
        with self._log.open("wb") as log:
            for line in self._process.stderr:
                log.write(line)
                if b'"msg":"ready"' in line:
                    answered.set()
        self._process.wait()
        answered.set()
