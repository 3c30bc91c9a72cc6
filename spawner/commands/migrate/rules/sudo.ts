// What becomes of the settings of SudoSpawner.
import { notEnforced } from './hub-spawner.ts';
import { nothing, type SpawnerRules } from './rule.ts';

export const sudo: SpawnerRules = {
  otherwise: 'the service starts each server as its user, without sudo',
  traits: {
    ...notEnforced,
    sudospawner_path: nothing(
      'no mediator runs; command and path of the profile say what does. Remove its line in sudoers',
    ),
    sudo_args: nothing('the service starts each server as its user, without sudo'),
    mediator_log_level: nothing('no mediator runs'),
  },
};
