// Completion scripts for shells. Not here: the options (the program's table).
import {
  explanation,
  generalOptions,
  type Option,
  optionsOf,
  optionsOfCommand,
  type Program,
  type Shell,
  spellings,
} from './program.ts';

export function completionScript(program: Program, shell: Shell): string {
  return { bash, fish, zsh }[shell](program);
}

/** The first word that is neither an option nor an option value is the command. */
function bash(program: Program): string {
  const { name, commands = [] } = program;
  const words = (options: readonly Option[]) => options.flatMap(spellings).join(' ');
  const withValue = optionsOf(program)
    .filter(({ value }) => value !== undefined)
    .flatMap(spellings);
  const values = optionsOf(program)
    .filter(({ values }) => values !== undefined)
    .map(
      (option) =>
        `    ${spellings(option).join('|')}) COMPREPLY=($(compgen ${bashWords(option)} -- "$cur")); return;;`,
    );
  const special = commands
    .filter(({ options }) => options.length > 0)
    .map((command) => `    ${command.name}) options+=' ${words(optionsOfCommand(program, command))}';;`);
  const onCommand = program.runsCommand
    ? [
        `  [[ -n $command && $command != @(${commands.map((one) => one.name).join('|')}) ]] && {`,
        '    _command_offset "$i" 2>/dev/null; return',
        '  }',
      ]
    : [];
  const system = program.runsCommand ? '-c ' : '';
  const first = `-z $command${program.runsCommand || commands.length > 0 ? '' : ' && 1 == 0'}`;
  return `# bash completion of ${name}; load it with: source <(${name} --completion bash)
${bashFunction(name)}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= i=1
  local options='${words(generalOptions(program))}'
  while ((i < COMP_CWORD)); do
    case \${COMP_WORDS[i]} in
      ${withValue.join('|')}) ((i += 2));;
      -*) ((i += 1));;
      *) command=\${COMP_WORDS[i]}; break;;
    esac
  done
${[
  ...onCommand,
  '  case $prev in',
  ...values,
  `    ${withValue.join('|')}) return;;`,
  '  esac',
  ...(special.length === 0 || program.runsCommand ? [] : ['  case $command in', ...special, '  esac']),
].join('\n')}
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  elif [[ ${first} ]]; then
    COMPREPLY=($(compgen ${system}-W '${commands.map((one) => one.name).join(' ')}' -- "$cur"))
  fi
}
complete -o filenames -F ${bashFunction(name)} ${name}
`;
}

function bashFunction(name: string): string {
  return `_${name.replaceAll('-', '_')}`;
}

function bashWords({ values }: Option): string {
  if (values === 'path') return '-f';
  return values === 'user' ? '-u' : `-W '${values?.join(' ')}'`;
}

function fish(program: Program): string {
  const { name, commands = [] } = program;
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const start = program.runsCommand
    ? [`complete -c ${name} -x -a '(__fish_complete_subcommand)'`]
    : [`complete -c ${name} -f`];
  const named = commands.map(
    (command) => `complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.help)}`,
  );
  const general = new Set(generalOptions(program));
  const lines = optionsOf(program).map((option) => {
    const { short, value, values } = option;
    const takers = commands.filter(({ options }) => options.includes(option.name)).map((one) => one.name);
    const only = general.has(option) ? '' : ` -n '__fish_seen_subcommand_from ${takers.join(' ')}'`;
    const source =
      values === 'user'
        ? ' -a "(__fish_complete_users)"'
        : Array.isArray(values)
          ? ` -a '${values.join(' ')}'`
          : '';
    return [
      `complete -c ${name}${only} -l ${option.name}`,
      short === undefined ? '' : ` -s ${short}`,
      value === undefined ? '' : values === 'path' ? ' -rF' : ' -x',
      source,
      ` -d ${quoted(explanation(option))}`,
    ].join('');
  });
  return `# fish completion of ${name}\n${[...start, ...named, ...lines].join('\n')}\n`;
}

function zsh(program: Program): string {
  const { name, commands = [] } = program;
  const head = `#compdef ${name}`;
  const general = generalOptions(program).flatMap(zshOption);
  if (program.runsCommand) {
    const end = ["'(-):command: _command_names -e'", "'*::arguments: _normal'"];
    return `${head}\n${zshArguments('-S', [...general, ...end])}\n`;
  }
  if (commands.length === 0) return `${head}\n${zshArguments('-S', general)}\n`;
  const named = commands.map((one) => `${one.name}\\:"${plain(one.help)}"`).join(' ');
  const special = commands
    .filter(({ options }) => options.length > 0)
    .map((one) => {
      const specs = optionsOfCommand(program, one).flatMap(zshOption);
      return `  ${one.name}) specs+=(${specs.join(' ')});;`;
    });
  return [
    head,
    'local state line',
    `local -a specs=(${general.join(' ')})`,
    `_arguments -C $specs '1:command:((${named}))' '*::arguments:->arguments' && return`,
    `case $line[1] in\n${special.join('\n')}\nesac`,
    '_arguments -S $specs',
    '',
  ].join('\n');
}

function zshArguments(flag: string, specs: readonly string[]): string {
  return [`_arguments ${flag}`, ...specs].join(' \\\n  ');
}

function zshOption(option: Option): readonly string[] {
  const { value, values, repeatable } = option;
  const action =
    { path: '_files', user: '_users' }[String(values)] ??
    (Array.isArray(values) ? `(${values.join(' ')})` : '');
  const taken = value === undefined ? '' : `:${value.replaceAll(/[[\]:]/g, '')}:${action}`;
  return spellings(option).map(
    (spelling) => `'${repeatable ? '*' : ''}${spelling}[${plain(explanation(option))}]${taken}'`,
  );
}

/** Removes the characters that are special in a zsh specification. */
function plain(text: string): string {
  return text.replaceAll(': ', ' - ').replaceAll(/[[\]:'"$`\\]/g, ' ');
}
