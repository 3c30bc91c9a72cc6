// How much of everything the tests in the machine do: from the environment, VM_STARTS=100 npm run test:vm.
// Not here: the tests.
const number = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);

export const amounts = {
  /** Starts and stops through the hub. */
  starts: number('VM_STARTS', 10),
  /** How often each unit is restarted while servers run. */
  restarts: number('VM_RESTARTS', 3),
  /** Kills of the service at random moments of starts. */
  kills: number('VM_KILLS', 6),
} as const;
