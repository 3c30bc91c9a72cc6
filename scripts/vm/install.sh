#!/bin/bash
# install.sh packages REGISTRY | update | service, inside the machine: docs/jupyterhub.md, "A departmental server",
# without TLS. What a test needs beyond the guide is marked "test"; what the guide leaves out is marked "not in the
# guide". Not here: how the package came here (deploy.mjs).
set -euo pipefail
cd "$(dirname "$0")"
etc=/etc/portwrap-spawner units=/etc/systemd/system
package=/usr/local/lib/node_modules/portwrap-spawner

case $1 in
  packages)
    # test: without a network npm installs from the cache that was sent along
    npm install --global --offline --no-audit --no-fund --cache "$PWD/npm-cache" --registry "$2" ./portwrap-spawner-*.tgz
    # not in the guide: with Debian's Python pip needs these options
    cp -r $package/hub hub
    pip install --quiet --break-system-packages --root-user-action ignore --no-build-isolation --no-index --no-deps ./hub
    exit
    ;;
  update)
    # test: another build of a package whose dependencies are installed already
    find $package -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -r {} +
    tar -x -z -C $package --strip-components 1 --no-same-owner -f portwrap-spawner-*.tgz
    chmod +x $package/dist/{portwrap,proxy,spawner}/main.js
    plugin=$(cd / && python3 -c 'import importlib.util as u; print(u.find_spec("portwrap_spawner").submodule_search_locations[0])')
    rm -r "${plugin:?}"/*
    cp -r $package/hub/portwrap_spawner/. "$plugin"
    exit
    ;;
esac

install -d -m 0755 $etc
(umask 077; for name in hub.token proxy.token; do openssl rand -hex 32 > "$etc/$name"; done)
# not in the guide: the proxy's account and the file that its unit reads
useradd --system --no-create-home --shell /usr/sbin/nologin portwrap-proxy
(umask 077; echo "CONFIGPROXY_AUTH_TOKEN=$(cat $etc/proxy.token)" > $etc/proxy.env)

# test: profiles with a server that does what it is asked
cat > $etc/config.yaml << 'END'
service:
  listen: unix:/run/portwrap-api/api.sock
hubs:
  - name: department
    token_file: /etc/portwrap-spawner/hub.token
proxy:
  api_url: http://127.0.0.1:8001
  token_file: /etc/portwrap-spawner/proxy.token
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
END
install -m 0644 test-server.py /usr/local/share/

cp $package/systemd/*.* $units/
sed -i 's|=/usr/bin/portwrap-|=/usr/local/bin/portwrap-|' $units/portwrap-*.service
# not in the guide: the directory of the service's socket
install -d $units/portwrap-spawner.service.d
printf '[Service]\nRuntimeDirectory=portwrap-spawner portwrap-api\n' > $units/portwrap-spawner.service.d/api.conf

# not in the guide: Debian's package has started a hub of its own
systemctl stop jupyterhub

install -d /etc/jupyterhub /var/lib/jupyterhub
(umask 077; openssl rand -hex 32 > /etc/jupyterhub/tests.token)
cat > /etc/jupyterhub/jupyterhub_config.py << 'END'
from pathlib import Path

c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:8081"
c.JupyterHub.cleanup_servers = False
c.JupyterHub.authenticator_class = "pam"
c.Authenticator.admin_users = {"carol"}
c.JupyterHub.spawner_class = "portwrap"
c.PortwrapSpawner.service_url = "unix:///run/portwrap-api/api.sock"
c.PortwrapSpawner.service_token_file = "/etc/portwrap-spawner/hub.token"

# The proxy is a unit of its own: the hub's restarts do not touch it.
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:8001"
c.ConfigurableHTTPProxy.auth_token = Path("/etc/portwrap-spawner/proxy.token").read_text().strip()

# not in the guide: JupyterHub 5 lets no user sign in without it
c.Authenticator.allow_all = True
# test: an emulated machine is slow, and a program starts the servers
c.Spawner.start_timeout = 1000
c.Spawner.http_timeout = 900
c.JupyterHub.services = [{"name": "tests", "api_token": Path("/etc/jupyterhub/tests.token").read_text().strip()}]
c.JupyterHub.load_roles = [{"name": "tests", "services": ["tests"], "scopes": ["admin:users", "admin:servers"]}]
END
cat > $units/jupyterhub.service << 'END'
[Unit]
Description=JupyterHub
After=portwrap-proxy.service portwrap-spawner.service

[Service]
WorkingDirectory=/var/lib/jupyterhub
ExecStart=/usr/bin/python3 -m jupyterhub --config /etc/jupyterhub/jupyterhub_config.py
Restart=always
# ends the hub's process and nothing else
KillMode=process

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
portwrap-spawner check-config --config $etc/config.yaml
# the tests check its output
timeout 300 portwrap-spawner doctor --config $etc/config.yaml || echo "doctor has ended with $?"
systemctl enable --now portwrap-proxy.socket portwrap-proxy-api.socket portwrap-spawner portwrap-proxy jupyterhub

# test: until all three answer
wait_for() {
  local deadline=$((SECONDS + 180))
  until "$@" > /dev/null 2>&1; do
    if ((SECONDS > deadline)); then
      echo "no answer within 180 s: $*" >&2
      systemctl --no-pager --lines 20 status portwrap-spawner portwrap-proxy jupyterhub >&2
      exit 1
    fi
    sleep 1
  done
}
wait_for curl -sf --unix-socket /run/portwrap-api/api.sock http://localhost/api/health
wait_for curl -sf http://127.0.0.1:8000/hub/api/
echo "installed: $(portwrap-spawner --version)"
