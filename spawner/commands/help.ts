// What `portwrap-spawner --help` says.
export const help = `usage: portwrap-spawner COMMAND [options]

  serve            run the service (until SIGINT or SIGTERM; servers live on; SIGHUP reads the configuration again)
  check-config     read the configuration, tell every problem it has, and end
  doctor           examine this machine for what the configuration needs, with the remedy for what it lacks
  reload           make the service read its configuration again; a bad one is refused and the old one kept
  ls               the servers that there are
  show SERVER      all that is known about one
  logs SERVER      its last lines (-n 100); -f goes on until it ends
  stop SERVER      stop it, and wait until it is gone; --now kills at once; --all in place of SERVER stops all
  smoke            start a Jupyter server, run a cell in it, stop it, and tell how long each took

SERVER is USER or USER/NAME. All but serve, check-config and doctor ask the service that runs with the same
configuration; they must be run as root or as the account of the service.

  -c, --config FILE    the configuration (default /etc/portwrap-spawner/config.yaml)
      --hub NAME       which hub's servers, when there are several
      --json           for programs: JSON, one object or list
  -n, --tail LINES     logs: how many of the last lines (default 100)
  -f, --follow         logs: go on
      --now            stop: kill at once
      --all            stop: every server of every hub
      --user NAME      smoke: as whom (default "smoke-test"); doctor: for whom, when root
      --profile NAME   smoke: which profile (default: the first)
      --launcher slurm doctor: examine the cluster, by way of a job of --user, in place of this machine
      --public-url URL smoke: the proxy's public address (default: the server's own forward)
      --proxy-user NAME doctor: whose account the proxy runs as (default: asked of the proxy that runs)
  -h, --help           show this help
  -V, --version        show the version
`;
