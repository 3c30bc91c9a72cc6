// What the demo and the tests need from the system, and the Debian package that has it.
// Not here: looking for it (look.mjs), installing it (../system-packages.mjs).

const commandsToStart = {
  bwrap: 'bubblewrap',
  slirp4netns: 'slirp4netns',
  nft: 'nftables',
  setpriv: 'util-linux',
  setsid: 'util-linux',
  nsenter: 'util-linux',
  mkfifo: 'coreutils',
  'jupyterhub-singleuser': 'jupyterhub',
};

const modulesToStart = {
  jupyterhub: 'jupyterhub',
  jupyter_server: 'python3-jupyter-server',
  notebook: 'python3-notebook',
  ipykernel: 'python3-ipykernel',
};

/** Command or Python module -> package. */
export const needsToStart = { commands: commandsToStart, modules: modulesToStart };

export const needsToTest = {
  commands: {
    ...commandsToStart,
    chromium: 'chromium',
    ip: 'iproute2',
    mariadbd: 'mariadb-server-core',
    munged: 'munge',
    openssl: 'openssl',
    pasta: 'passt',
    sbatch: 'slurm-client',
    slurmctld: 'slurmctld',
    slurmd: 'slurmd',
    slurmdbd: 'slurmdbd',
    unshare: 'util-linux',
    useradd: 'passwd',
  },
  modules: {
    ...modulesToStart,
    certipy: 'python3-certipy',
    pytest: 'python3-pytest',
    pytest_asyncio: 'python3-pytest-asyncio',
    pip: 'python3-pip',
    setuptools: 'python3-setuptools',
    wheel: 'python3-wheel',
  },
};
