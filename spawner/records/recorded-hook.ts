// A command of the administrator as a record keeps it: what is needed to run it when the server has ended, also by a later
// service with another configuration, and with no name service that responds. No secrets.
// Not here: running it (launchers/hooks/).
import { z } from 'zod';

export const recordedHookSchema = z.object({
  command: z.array(z.string()).min(1).readonly(),
  run_as: z.enum(['service', 'user']),
  /** Seconds. */
  timeout: z.number(),
  environment: z.record(z.string(), z.string()).readonly(),
  /** Of the server; null: that of the service. */
  account: z
    .object({
      name: z.string(),
      uid: z.int(),
      gid: z.int(),
      home: z.string(),
      shell: z.string(),
      listed: z.boolean(),
    })
    .nullable(),
});

export type RecordedHook = Readonly<z.infer<typeof recordedHookSchema>>;
