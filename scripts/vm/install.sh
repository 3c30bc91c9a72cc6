#!/bin/bash
# install.sh, inside the machine: docs/install.md, "A JupyterHub", with Debian's package of JupyterHub, which runs already.
# What a test needs beyond the guide is marked "test". Not here: how the package came here (deploy.mjs).
set -euo pipefail
cd "$(dirname "$0")"
etc=/etc/portwrap-spawner

# test: Debian 12 has an older Node; one that is new enough is in /usr/local (image.sh)
dpkg --install --force-depends ./portwrap-spawner_*.deb

# test: profiles with a server that does what it is asked, and a socket; setup keeps a configuration that is there
cat > $etc/config.yaml << 'END'
service:
  listen: unix:/run/portwrap-api/api.sock
hubs:
  - name: department
    token_file: /etc/portwrap-spawner/hub.token
proxy:
  api_url: http://127.0.0.1:8001
  token_file: /etc/portwrap-spawner/proxy.token
admin_page:
  token_file: /etc/portwrap-spawner/page.token
accounts:
  mode: system
limits:
  servers_per_user: 3
profiles:
  - name: default
    description: JupyterLab
    resources: { memory: 1G, cpus: 1, processes: 200 }
    culling: { idle_timeout: 14400 }
    ready_timeout: 900
  - name: limited
    description: a test server with limits
    command: [python3, /usr/local/share/test-server.py, "{guest-port}"]
    ready_path: /
    resources: { memory: 200M, cpus: 0.5, processes: 20 }
    ready_timeout: 300
  - name: free
    description: a test server without limits
    command: [python3, /usr/local/share/test-server.py, "{guest-port}"]
    ready_path: /
    ready_timeout: 300
  - name: forked
    description: a test server that is forked
    command: [/opt/test-server.py, "{guest-port}"]
    preload: [http.server]
    ready_path: /
    resources: { memory: 200M }
    ready_timeout: 300
END
install -m 0644 test-server.py /usr/local/share/
install -m 0755 test-server.py /opt/

# the administrator's own settings, in the file that the hub's unit names (traitlets reads the one that ends in .py)
named=$(systemctl show --property=ExecStart jupyterhub | grep --only-matching '/etc/jupyterhub/[^ ;]*' | head -n 1)
install -d /var/lib/jupyterhub
(umask 077; openssl rand -hex 32 > /etc/jupyterhub/tests.token)
cat >> "${named%.*}.py" << 'END'
from pathlib import Path

c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"carol"}
# test: an emulated machine is slow, and a program starts the servers
c.Spawner.start_timeout = 1000
c.Spawner.http_timeout = 900
c.JupyterHub.services = [{"name": "tests", "api_token": Path("/etc/jupyterhub/tests.token").read_text().strip()}]
c.JupyterHub.load_roles = [{"name": "tests", "services": ["tests"], "scopes": ["admin:users", "admin:servers"]}]
END

portwrap-spawner setup --dry-run
portwrap-spawner setup --yes --user alice
echo "installed: $(portwrap-spawner --version)"
