// Completion scripts for shells, made from the option table. Not here: the options (options.ts).
import { type Choice, type Option, optionGroups } from './options.ts';

const options = optionGroups.flatMap((group) => group.options);

export function completionScript(shell: Choice<'completion'>): string {
  return { bash, fish, zsh }[shell]();
}

/** Up to the command the options are completed, then whatever the command completes. */
function bash(): string {
  const withValue = options.filter(({ value }) => value !== undefined).flatMap(spellings);
  const cases = options
    .filter(({ values }) => values !== undefined)
    .map(
      (option) =>
        `    ${spellings(option).join('|')}) COMPREPLY=($(compgen ${bashWords(option)} -- "$cur")); return;;`,
    );
  return `# bash completion of portwrap; load it with: source <(portwrap --completion bash)
_portwrap() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} i=1
  while ((i < COMP_CWORD)); do
    case \${COMP_WORDS[i]} in
      ${withValue.join('|')}) ((i += 2));;
      -*) ((i += 1));;
      *) _command_offset "$i" 2>/dev/null; return;;
    esac
  done
  case $prev in
${cases.join('\n')}
    ${withValue.join('|')}) return;;
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W '${options.flatMap(spellings).join(' ')}' -- "$cur"))
  else
    COMPREPLY=($(compgen -c -W doctor -- "$cur"))
  fi
}
complete -o filenames -F _portwrap portwrap
`;
}

function bashWords({ values }: Option): string {
  if (values === 'path') return '-f';
  return values === 'user' ? '-u' : `-W '${values?.join(' ')}'`;
}

function fish(): string {
  const lines = options.map((option) => {
    const { name, short, value, values, help } = option;
    const source =
      values === 'user'
        ? ' -a "(__fish_complete_users)"'
        : Array.isArray(values)
          ? ` -a '${values.join(' ')}'`
          : '';
    return [
      `complete -c portwrap -l ${name}`,
      short === undefined ? '' : ` -s ${short}`,
      value === undefined ? '' : values === 'path' ? ' -rF' : ' -x',
      source,
      ` -d '${help.replaceAll("'", "\\'")}'`,
    ].join('');
  });
  return `# fish completion of portwrap\ncomplete -c portwrap -x -a '(__fish_complete_subcommand)'\n${lines.join('\n')}\n`;
}

function zsh(): string {
  const specs = options.map((option) => {
    const names = spellings(option);
    const text = `[${option.help.replaceAll(/[[\]:']/g, ' ')}]`;
    const action =
      { path: '_files', user: '_users' }[String(option.values)] ??
      (Array.isArray(option.values) ? `(${option.values.join(' ')})` : '');
    const value = option.value === undefined ? '' : `:${option.value.replaceAll(/[[\]:]/g, '')}:${action}`;
    return names.map((name) => `  '${option.repeatable ? '*' : ''}${name}${text}${value}'`).join(' \\\n');
  });
  return `#compdef portwrap\n_arguments -S \\\n${specs.join(' \\\n')} \\\n  '(-):command: _command_names -e' \\\n  '*::arguments: _normal'\n`;
}

function spellings({ name, short }: Option): string[] {
  return short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`];
}
