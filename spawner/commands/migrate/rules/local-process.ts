// What becomes of the settings of LocalProcessSpawner, and of SimpleLocalProcessSpawner.
import { notEnforced } from './hub-spawner.ts';
import { at, none, nothing, number, type Rule, type SpawnerRules, texts, yaml } from './rule.ts';

/** SIGINT, and after it SIGTERM: ours has SIGTERM and one time. */
const timeToEnd: Rule = {
  apply(_value, { get }) {
    const interrupt = number(get('interrupt_timeout') ?? 10) ?? 0;
    const term = number(get('term_timeout') ?? 5) ?? 0;
    const seconds = Math.min(3600, Math.max(0.1, interrupt + term));
    return [yaml([at('stop_timeout', seconds)], 'interrupt_timeout and term_timeout together')];
  },
};

const shell: Rule = {
  apply(value) {
    const words = texts(value);
    if (words === undefined) return [];
    const isLogin = words.slice(1).some((word) => /^-[a-z]*l[a-z]*$/.test(word) || word === '--login');
    if (isLogin) return [yaml([at('login_shell', true)])];
    return [none('no shell is around the command; login_shell: true is a login shell of the user')];
  },
};

export const localProcess: SpawnerRules = {
  otherwise: 'none: the service starts the processes',
  traits: {
    ...notEnforced,
    shell_cmd: shell,
    popen_kwargs: nothing('files, resources and network say what a server may do'),
    interrupt_timeout: timeToEnd,
    term_timeout: timeToEnd,
    kill_timeout: nothing('SIGKILL ends everything in the sandbox at once'),
  },
};

export const simpleLocalProcess: SpawnerRules = {
  otherwise: localProcess.otherwise,
  traits: {
    home_dir_template: {
      apply: (value) => {
        const home = typeof value === 'string' ? value.replace(/\/$/, '') : '';
        if (!home.endsWith('/{username}')) return [none('accounts.home must end with /{username}')];
        return [
          yaml(
            [
              { scope: 'service', path: ['accounts', 'mode'], value: 'dynamic' },
              { scope: 'service', path: ['accounts', 'home'], value: home },
            ],
            'each user has a uid of their own: give them the files in the homes that exist',
          ),
        ];
      },
    },
  },
};
