// System requirements of the demo and the tests, and the Debian packages that provide them.
// Not here: checking for them (look.mjs), installing them (../system-packages.mjs).

const commandsToStart = {
  bwrap: 'bubblewrap',
  cc: ['tcc', 'libc6-dev'], // any compiler does: this one is small
  chmod: 'coreutils',
  env: 'coreutils',
  find: 'findutils',
  getent: 'libc-bin',
  id: 'coreutils',
  mkdir: 'coreutils',
  mkfifo: 'coreutils',
  mount: 'mount',
  nft: 'nftables',
  nsenter: 'util-linux',
  realpath: 'coreutils',
  rm: 'coreutils',
  rmdir: 'coreutils',
  setpriv: 'util-linux',
  setsid: 'util-linux',
  sh: 'dash',
  slirp4netns: 'slirp4netns',
  stdbuf: 'coreutils',
  unshare: 'util-linux',
};

/** Command or Python module -> package, or packages. */
export const needsToStart = { commands: commandsToStart, modules: {} };

/** A JupyterHub from PyPI. Debian's python3 has the module venv, but nothing that it calls. */
export const needsOfVenv = { commands: { python3: 'python3' }, modules: { ensurepip: 'python3-venv' } };

/** A JupyterHub of Debian's packages. Packages in `ifAvailable` are installed together with others that are missing. */
export const needsOfSystemHub = {
  commands: { 'jupyterhub-singleuser': 'jupyterhub' },
  modules: {
    jupyterhub: 'jupyterhub',
    jupyter_server: 'python3-jupyter-server',
    notebook: 'python3-notebook',
    ipykernel: 'python3-ipykernel',
  },
  ifAvailable: ['jupyterlab'], // not in Debian 12
};

/** Both lists. */
export const together = (one, another) => ({
  ...{ commands: { ...one.commands, ...another.commands }, modules: { ...one.modules, ...another.modules } },
  ifAvailable: [...(one.ifAvailable ?? []), ...(another.ifAvailable ?? [])],
});

/** npm run package. An RPM is made only where rpmbuild is. */
export const needsToPackage = {
  commands: {
    dpkg: 'dpkg',
    'dpkg-deb': 'dpkg',
    gcc: ['gcc', 'libc6-dev'], // the programs in C are linked statically, and hardened, which tcc cannot do
    git: 'git',
    gzip: 'gzip',
    python3: 'python3',
    sh: 'dash',
    tar: 'tar',
  },
  modules: { build: 'python3-build', setuptools: 'python3-setuptools', wheel: 'python3-wheel' },
};

/** npm run test:install, beyond those of npm run package. */
export const needsToTestInstall = {
  commands: {
    bash: 'bash',
    debootstrap: 'debootstrap',
    mount: 'mount',
    nsenter: 'util-linux',
    rpmbuild: 'rpm',
    slirp4netns: 'slirp4netns',
    unshare: 'util-linux',
  },
  modules: {},
};

export const needsToTest = {
  commands: {
    ...commandsToStart,
    ...needsOfSystemHub.commands,
    ...needsOfVenv.commands,
    apparmor_parser: 'apparmor',
    automount: 'autofs',
    bash: 'bash',
    cat: 'coreutils',
    chown: 'coreutils',
    cp: 'coreutils',
    chromium: 'chromium',
    curl: 'curl',
    dpkg: 'dpkg',
    gcc: ['gcc', 'libc6-dev'], // a library of tcc asks for an executable stack, which glibc 2.41 refuses
    git: 'git',
    gzip: 'gzip',
    ip: 'iproute2',
    ln: 'coreutils',
    ls: 'coreutils',
    ssh: 'openssh-client',
    'mariadb-install-db': 'mariadb-server-core',
    mariadbd: 'mariadb-server-core',
    'mkfs.ext4': 'e2fsprogs',
    mknod: 'coreutils',
    mktemp: 'coreutils',
    munged: 'munge',
    mypy: 'mypy',
    my_print_defaults: 'mariadb-client-core', // of mariadb-install-db
    openssl: 'openssl',
    pasta: 'passt',
    pgrep: 'procps',
    prlimit: 'util-linux',
    ps: 'procps',
    resolveip: 'mariadb-server-core', // of mariadb-install-db
    sacct: 'slurm-client',
    sacctmgr: 'slurm-client',
    sbatch: 'slurm-client',
    scancel: 'slurm-client',
    scontrol: 'slurm-client',
    script: 'bsdutils',
    sinfo: 'slurm-client',
    strace: 'strace',
    shellcheck: 'shellcheck',
    sleep: 'coreutils',
    ss: 'iproute2',
    slurmctld: 'slurmctld',
    slurmd: 'slurmd',
    slurmdbd: 'slurmdbd',
    squeue: 'slurm-client',
    'systemd-analyze': 'systemd',
    tar: 'tar',
    timeout: 'coreutils',
    umount: 'mount',
    mkhomedir_helper: 'libpam-modules-bin',
    useradd: 'passwd',
    userdel: 'passwd',
    which: 'debianutils',
  },
  modules: {
    ...needsOfSystemHub.modules,
    ...needsOfVenv.modules,
    ...needsToPackage.modules,
    certipy: 'python3-certipy',
    pytest: 'python3-pytest',
    pytest_asyncio: 'python3-pytest-asyncio',
    pytest_timeout: 'python3-pytest-timeout',
    pip: 'python3-pip',
  },
};
