"""What there is on this machine, as JSON: for each kind of thing a sorted list of lines. Run as root.

Numbers that differ from one moment to the next (pids, sessions, random names) are replaced by letters. The login that
asks is not counted, nor its processes. Not here: comparing two of them (census.ts).
"""

import collections
import glob
import json
import os
import pwd
import re
import stat
import subprocess

OWN_GROUP = open("/proc/self/cgroup").read().rsplit(":", 1)[1].strip()

REPLACED = [
    (re.compile(r"session-c?\d+\.scope"), "session-N.scope"),
    (re.compile(r"systemd-private-[0-9a-f]+-(.+?)-\w{6}(?=/|$| )"), r"systemd-private-ID-\1-XXXXXX"),
    (re.compile(r"(/run/systemd/(?:sessions|inhibit)/)\d+"), r"\1N"),
    (re.compile(r"(/portwrap-spawner/fork/)[0-9a-f]{10}(?=[./ ])"), r"\1KEY"),
    (re.compile(r'"restricted":\w+,"parent":\d+'), '"parent":N'),
    (re.compile(r"(run-[pru]?)\w+(-i\d+)?\.(scope|service)"), r"\1N.\3"),
]


# where the kernel, udev and journald keep what comes and goes
OF_OTHERS = ("/dev/pts", "/dev/char", "/run/udev/data", "/run/udev/links", "/run/systemd/journal/streams")


def plain(text):
    for pattern, replacement in REPLACED:
        text = pattern.sub(replacement, text)
    return text


def read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def said(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    return done.stdout.splitlines() + ([f"ended with {done.returncode}"] if done.returncode else [])


def processes():
    """pid -> (parent, account, control group, command line) of every process but the kernel's and our own line."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        words = read(f"/proc/{entry}/stat").rsplit(")", 1)
        if len(words) < 2 or words[1].split()[0] in "ZX":
            continue
        parent = int(words[1].split()[1])
        command = read(f"/proc/{entry}/cmdline").replace("\0", " ").strip()
        if entry == "2" or parent == 2 or not command:
            continue
        try:
            uid = os.stat(f"/proc/{entry}").st_uid
        except OSError:
            continue
        group = read(f"/proc/{entry}/cgroup").rsplit(":", 1)[-1].strip()
        found[int(entry)] = (parent, account(uid), group, command)
    own = os.getpid()
    parents = []
    while own in found and own != 1 and "/ssh.service" not in found[own][2]:
        parents.append(own)
        own = found[own][0]
    for pid in parents:
        del found[pid]
    return found


def account(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def mounts(pid):
    """Where, what, from where and how it spreads; the same as findmnt shows, of another process."""
    lines = []
    for line in read(f"/proc/{pid}/mountinfo").splitlines():
        before, after = line.split(" - ", 1)
        _, _, _, root, target, options, *spread = before.split()
        kind, source, *_ = after.split()
        ways = ",".join(word.split(":")[0] for word in spread) or "private"
        lines.append(f"{target} {kind} {source} {root} {options} {ways}")
    return lines


def mount_lines(found):
    spaces = collections.defaultdict(list)
    for pid, (_, _, group, _) in found.items():
        try:
            spaces[os.readlink(f"/proc/{pid}/ns/mnt")].append((pid, group))
        except OSError:
            continue
    lines = []
    for members in spaces.values():
        pid, group = min(members)
        name = "the host" if pid == 1 else f"below {group}"
        lines += [f"{name}: {mount}" for mount in mounts(pid)]
    return lines


def namespace_lines(found):
    lines = []
    for kind in ("net", "user", "pid", "ipc", "uts", "cgroup"):
        spaces = {}
        for pid, (_, _, group, _) in sorted(found.items()):
            try:
                spaces.setdefault(os.readlink(f"/proc/{pid}/ns/{kind}"), group)
            except OSError:
                continue
        lines += [f"{kind} of {group}" for group in spaces.values()]
    return lines


def group_lines():
    lines = []
    for directory, _, _ in os.walk("/sys/fs/cgroup"):
        name = directory.removeprefix("/sys/fs/cgroup") or "/"
        if name != OWN_GROUP:
            lines.append(
                f"{name} hands down: {read(directory + '/cgroup.subtree_control').strip() or 'nothing'}"
            )
    return lines


def socket_lines():
    lines = []
    # the address is the fourth word; of unix sockets, which begin with their kind, the fifth
    for kind, option, place in (("unix", "-xlpHn", 4), ("tcp", "-tlpHn", 3), ("udp", "-ulpHn", 3)):
        for line in said("ss", option):
            words = line.split()
            users = sorted(set(re.findall(r'"([^"]+)"', line)))
            where = words[place] if len(words) > place else line
            if where != "*":  # which has no name that somebody could connect to
                lines.append(f"{kind} {where} {','.join(users)}")
    # bound, but listening to nobody: also these are seen by the whole machine when they are abstract
    names = (line.split()[7:] for line in read("/proc/net/unix").splitlines()[1:])
    abstract = (name[0] for name in names if name and name[0].startswith("@"))
    return lines + [re.sub(r"^@[0-9a-f]{5,16}(?=$|/)", "@NUMBER", name) + " abstract" for name in abstract]


def key_lines():
    # the description of a keyring ends with how many keys it has
    return [
        " ".join([words[5], *words[7:9]]).rstrip(":")
        for words in map(str.split, read("/proc/keys").splitlines())
        if len(words) > 7
    ]


def ipc_lines():
    lines = []
    for kind in ("shm", "sem", "msg"):
        lines += [
            f"{kind} {' '.join(line.split()[:3])}" for line in read(f"/proc/sysvipc/{kind}").splitlines()[1:]
        ]
    return lines + [f"queue {name}" for name in os.listdir("/dev/mqueue")]


def file_lines():
    lines = []
    for top in ("/tmp", "/var/tmp", "/run", "/dev", "/var/crash"):
        for directory, folders, files in os.walk(top):
            if directory in OF_OTHERS:
                folders.clear()
                continue
            for path in [
                directory if directory == top else None,
                *(os.path.join(directory, n) for n in folders + files),
            ]:
                if path is None:
                    continue
                try:
                    status = os.lstat(path)
                except OSError:
                    continue
                lines.append(f"{path} {stat.filemode(status.st_mode)} {account(status.st_uid)}")
    return lines


def unit_lines():
    kinds = "--type=service,scope,slice,mount,automount,socket,timer,path"
    return [
        " ".join(line.split()[:3])
        for line in said("systemctl", "list-units", "--all", "--plain", "--no-legend", kinds)
    ]


def network_lines():
    interfaces = [re.sub(r"^\d+: ", "", line).split(" mtu")[0] for line in said("ip", "-o", "link")]
    routes = [
        re.sub(r" (?:nhid|expires) \S+", "", line)
        for line in said("ip", "-o", "route", "show", "table", "all")
    ]
    return interfaces + [line.strip() for line in routes]


found = processes()
sections = {
    "mounts": mount_lines(found),
    "processes": [f"{name} {group} {command}" for _, name, group, command in found.values()],
    "namespaces": namespace_lines(found),
    "control groups": group_lines(),
    "sockets": socket_lines(),
    "rules": said("nft", "list", "ruleset"),
    "keys": key_lines(),
    "IPC": ipc_lines(),
    "files": file_lines(),
    "failed units": said("systemctl", "--failed", "--plain", "--no-legend"),
    "units": unit_lines(),
    "network": network_lines(),
    "modules": [line.split()[0] for line in read("/proc/modules").splitlines()],
    "settings": [
        f"{path} {read(path).strip()}"
        for path in [*glob.glob("/proc/sys/user/max_*"), "/proc/sys/net/ipv4/ip_forward"]
    ],
}
print(json.dumps({name: sorted(map(plain, lines)) for name, lines in sections.items()}))
