// What runs in the hub's Python: it loads the configuration file with traitlets, as JupyterHub does, and writes what is
// set to descriptor 3 as JSON. It makes no cookie secret, no database and no spawner. Of settings that are not the
// spawner's only the names leave it, but for a few addresses and numbers. Not here: running it (hub-file.ts).

export const script = `
import copy, json, math, os, pathlib, sys
from importlib import import_module

out = os.fdopen(3, "w")
os.chdir(sys.argv[1])
try:
    from jupyterhub.app import JupyterHub
except ImportError as error:
    sys.exit(f"this Python has no JupyterHub ({error})")
from traitlets.config import Application, Config
from traitlets.config.loader import JSONFileConfigLoader, LazyConfigValue, PyFileConfigLoader

app = JupyterHub()
Application.initialize(app, sys.argv[2:])
path = os.path.abspath(app.config_file)
if not os.path.isfile(path):
    sys.exit(f"{path} does not exist")
loader = JSONFileConfigLoader if path.endswith(".json") else PyFileConfigLoader
config = loader(os.path.basename(path), os.path.dirname(path)).load_config()
given_here = copy.deepcopy(getattr(app, "cli_config", Config()))
given_here.get("JupyterHub", {}).pop("config_file", None)
config.merge(given_here)


def name_of(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


def loaded(given):
    """A class of its own name, of an entry point, or None with the reason."""
    try:
        return JupyterHub.spawner_class.validate(app, given), None
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


def described(cls):
    return {
        "name": name_of(cls),
        "mro": [one.__name__ for one in cls.mro() if one is not object],
        "traits": {name: trait.this_class.__name__ for name, trait in cls.class_traits(config=True).items()},
    }


def plain(value, depth=0):
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$python": "a number without end"}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, pathlib.PurePath):
        return str(value)
    if depth > 12:
        return {"$python": "a deep structure"}
    if isinstance(value, (list, tuple)):
        return [plain(one, depth + 1) for one in value]
    if isinstance(value, (set, frozenset)):
        return [plain(one, depth + 1) for one in sorted(value, key=str)]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value) and "$python" not in value:
        return {key: plain(one, depth + 1) for key, one in value.items()}
    if isinstance(value, type):
        return {"$python": f"the class {name_of(value)}"}
    return {"$python": "a function" if callable(value) else f"an object of {type(value).__name__}"}


def preselected(profiles):
    """Of choices without a default KubeSpawner takes the first; whoever reads the JSON may sort keys that are numbers."""
    for profile in profiles if isinstance(profiles, list) else []:
        options = profile.get("profile_options") if isinstance(profile, dict) else None
        for option in options.values() if isinstance(options, dict) else []:
            choices = option.get("choices") if isinstance(option, dict) else None
            ones = [one for one in choices.values() if isinstance(one, dict)] if isinstance(choices, dict) else []
            if ones and not any(one.get("default") is True for one in ones):
                ones[0]["default"] = True
    return profiles


def resolved(value, trait):
    """What a list or a dictionary is after c.X.y.append() or c.X.y.update(); the text of a command line as its value."""
    if isinstance(value, LazyConfigValue):
        base = {} if isinstance(value.to_dict().get("update"), dict) else []
        default = getattr(trait, "default_value", None)
        if isinstance(default, (dict, list, set)):
            base = copy.deepcopy(default)
        return value.get_value(base)
    if isinstance(value, str) and hasattr(value, "get_value"):
        return value.get_value(trait) if trait is not None else str(value)
    return value


given = config.get("JupyterHub", {}).get("spawner_class", None)
spawner, why = loaded(given) if given is not None else (app.spawner_class, None)
known = [] if spawner is None else [spawner]
offers = []
for section in ("WrapSpawner", "ProfilesSpawner", "DockerProfilesSpawner"):
    child = config.get(section, {}).get("child_class", None)
    if child is not None:
        offers.append(child)
    for key in ("profiles", "default_profiles"):
        profiles = config.get(section, {}).get(key, [])
        profiles = profiles if isinstance(profiles, (list, tuple)) else []
        offers += [one[2] for one in profiles if isinstance(one, (list, tuple)) and len(one) == 4]
children = {}
for one in offers:
    cls, _ = loaded(one)
    key = one if isinstance(one, str) else f"the class {name_of(one)}" if isinstance(one, type) else ""
    if cls is not None:
        known.append(cls)
        children[key] = described(cls)

# no value of these can be a secret
shown = {"hub_ip", "hub_port", "hub_connect_ip", "named_server_limit_per_user", "cleanup_servers", "proxy_class"}
sections = {one.__name__: one for cls in reversed(known) for one in reversed(cls.mro())}


def is_spawners(section):
    """Also those of a spawner that cannot be imported, or is not the one in use: it may be what an offer names."""
    return section in sections or section.endswith("Spawner") or section.startswith("BatchSpawner")


settings = []
for section in config:
    values = config[section]
    if not isinstance(values, dict):
        settings.append({"section": "", "trait": str(section), "value": None, "isShown": False})
        continue
    for trait in values:
        cls = sections.get(section)
        is_shown = is_spawners(section) or (section == "JupyterHub" and trait in shown)
        value = resolved(values[trait], getattr(cls, trait, None)) if is_shown else None
        value = preselected(plain(value)) if trait == "profile_list" else plain(value)
        settings.append({"section": section, "trait": str(trait), "value": value, "isShown": is_shown})

services = config.get("JupyterHub", {}).get("services", [])
services = resolved(services, None)
cullers = []
for service in services if isinstance(services, list) else []:
    command = service.get("command", None) if isinstance(service, dict) else None
    words = [str(word) for word in command] if isinstance(command, (list, tuple)) else []
    if any("cull" in word for word in words):
        wanted = ("--timeout", "--max-age", "--cull-every")
        found = {}
        for at, word in enumerate(words):
            option, equals, text = word.partition("=")
            text = text if equals else (words[at + 1] if at + 1 < len(words) else "")
            if option in wanted and text.isdigit():
                found[option[2:]] = int(text)
        others = sorted({word.partition("=")[0] for word in words if word.startswith("--")} - set(wanted))
        cullers.append({"name": str(service.get("name", "")), "options": found, "others": others})

for name in ("bind_url", "ip", "port", "base_url", "hub_ip", "hub_port", "hub_bind_url", "internal_ssl"):
    if name in config.get("JupyterHub", {}):
        setattr(app, name, config["JupyterHub"][name])
hub = app.hub_bind_url if app.hub_bind_url else f"http://{app.hub_ip}:{app.hub_port}"

json.dump({
    "path": path,
    "spawner": str(given) if isinstance(given, str) else name_of(spawner) if spawner else "",
    "spawnerClass": None if spawner is None else described(spawner),
    "why": why,
    "children": children,
    "settings": settings,
    "cullers": cullers,
    "hubUrl": hub,
    "apiPath": app.base_url.rstrip("/") + "/hub/api",
    "bin": os.path.join(sys.prefix, "bin") if os.path.exists(os.path.join(sys.prefix, "bin", "jupyterhub-singleuser")) else None,
}, out)
`;
