// What becomes of the settings of DockerSpawner, SystemUserSpawner and SwarmSpawner.
import { isTable, type Value } from '../read/settings.ts';
import { commandOfImage } from './hub-spawner.ts';
import {
  key,
  more,
  none,
  nothing,
  number,
  type Outcome,
  type Placed,
  type Rule,
  type SpawnerRules,
  size,
  template,
  yaml,
} from './rule.ts';

const image = nothing(
  'servers run with the programs of this machine: path, command and files of a profile say which, one profile for each environment',
);
const network = nothing('each server has a network of its own, and the plugin knows where the hub is inside');
const docker = nothing('there is no Docker');

/** The place on the machine; where it was in the container does not matter. */
function volumes(readOnly: boolean): Rule {
  return {
    apply(value) {
      if (!isTable(value)) return [none('set files.read_write and files.read_only by hand')];
      return Object.entries(value).flatMap(([from, to]) => volume(from, to, readOnly));
    },
  };
}

function volume(from: string, to: Value, readOnly: boolean): Outcome[] {
  const path = template(from);
  if (path === undefined || !path.startsWith('/') || /[\s:]/.test(path))
    return [none('a volume that Docker keeps has no counterpart: the homes are directories of this machine')];
  const mode = isTable(to) ? to.mode : undefined;
  const bind = isTable(to) ? to.bind : to;
  const isReadOnly = readOnly || (typeof mode === 'string' && mode.split(',').includes('ro'));
  const placed: Placed[] = [more(isReadOnly ? 'files.read_only' : 'files.read_write', [path])];
  return [yaml(placed, bind === from ? undefined : 'a server sees it at the same path as the machine')];
}

export const dockerRules: SpawnerRules = {
  otherwise: 'a setting of Docker: there is no container',
  traits: {
    mem_limit: key('resources.memory', size, 'with swap'),
    cpu_limit: key('resources.cpus', number),
    cmd: commandOfImage,
    notebook_dir: nothing('a path of the image: servers begin in the home; working_directory is another one'),
    image,
    container_image: image,
    allowed_images: image,
    image_whitelist: image,
    pull_policy: image,
    volumes: volumes(false),
    read_only_volumes: volumes(true),
    mounts: nothing('files.read_write and files.read_only, at the same path as outside'),
    format_volume_name: nothing('paths have {username} only'),
    network_name: network,
    use_internal_ip: network,
    use_internal_hostname: network,
    host_ip: network,
    hub_ip_connect: network,
    container_ip: network,
    container_port: network,
    port: network,
    ip: network,
    links: network,
    extra_host_config: nothing('files.devices has devices; no program in a sandbox gains privileges'),
    extra_create_kwargs: docker,
    remove: nothing('always so; the home stays'),
    remove_containers: nothing('always so; the home stays'),
    name_template: docker,
    prefix: docker,
    client_kwargs: docker,
    tls_config: docker,
    use_docker_client_env: docker,
    post_start_cmd: nothing('hooks.before_start runs before a server, on the machine'),
  },
};

export const systemUser: SpawnerRules = {
  otherwise: dockerRules.otherwise,
  traits: {
    host_homedir_format_string: nothing('the home of the account is used'),
    image_homedir_format_string: nothing('the home is at the same path as outside'),
    run_as_root: nothing('servers never run as root'),
  },
};
