// What becomes of the settings of KubeSpawner. Not here: its profile list (../offers/kube-profiles.ts).
import { commandOfImage } from './hub-spawner.ts';
import { key, nothing, number, type SpawnerRules, size } from './rule.ts';

const image = nothing(
  'servers run with the programs of this machine: path, command and files of a profile say which',
);
const storage = nothing(
  'homes are directories of this machine; files.read_write and files.read_only have others',
);
const guarantee = nothing('the service has limits but keeps nothing free');
const pods = nothing('there are no pods');

export const kube: SpawnerRules = {
  otherwise: 'a setting of Kubernetes',
  traits: {
    mem_limit: key('resources.memory', size),
    cpu_limit: key('resources.cpus', number),
    mem_guarantee: guarantee,
    cpu_guarantee: guarantee,
    extra_resource_limits: nothing('resources.gpus, with the devices of this machine in gpus.devices'),
    extra_resource_guarantees: guarantee,
    cmd: commandOfImage,
    notebook_dir: nothing('a path of the image: servers begin in the home; working_directory is another one'),
    working_dir: nothing('a path of the image: servers begin in the home; working_directory is another one'),
    image,
    image_pull_policy: image,
    image_pull_secrets: image,
    volumes: storage,
    volume_mounts: storage,
    storage_pvc_ensure: storage,
    storage_capacity: storage,
    storage_class: storage,
    storage_access_modes: storage,
    pvc_name_template: storage,
    uid: nothing('accounts says as which account a server runs'),
    gid: nothing('accounts says as which account a server runs'),
    fs_gid: nothing('accounts says as which account a server runs'),
    lifecycle_hooks: nothing('hooks.before_start and hooks.after_end run on the machine'),
    init_containers: nothing('hooks.before_start runs before a server'),
    profile_form_template: nothing('the plugin makes the form'),
    namespace: pods,
    node_selector: pods,
    tolerations: pods,
    pod_name_template: pods,
  },
};
