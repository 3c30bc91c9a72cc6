// The launchers there are, by the names that a profile gives them. Not here: what each does.

export const launcherNames = ['local', 'slurm'] as const;
export type LauncherName = (typeof launcherNames)[number];
