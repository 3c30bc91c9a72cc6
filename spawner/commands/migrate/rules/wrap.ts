// What becomes of the settings of WrapSpawner itself. Not here: the profiles of ProfilesSpawner (../offers/).
import { nothing, type SpawnerRules } from './rule.ts';

const form = nothing('the plugin makes the form; title and description of a profile are in it');

export const wrap: SpawnerRules = {
  otherwise: 'the profiles of the service take the place of those of ProfilesSpawner',
  traits: {
    form_template: form,
    first_template: form,
    input_template: form,
    docker_spawner_args: nothing('servers run with the programs of this machine'),
  },
};
