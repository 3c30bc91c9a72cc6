// The keys below `hooks` of a profile: commands of the administrator around the life of a server.
// Not here: running them (spawner/launchers/hooks/).
import { z } from 'zod';

const hook = (when: string, example: string) =>
  z
    .strictObject({
      command: z
        .array(z.string().regex(/^[^\0]+$/, { error: 'must not be empty, nor contain a NUL character' }))
        .min(1)
        .max(256)
        .refine(([program = '']) => program.startsWith('/'), {
          error: 'must begin with the absolute path of a program',
        })
        .meta({
          description:
            'The program, by its absolute path, and its arguments. No shell is involved. It learns of the server by the variables PORTWRAP_HUB, PORTWRAP_USER, PORTWRAP_SERVER, PORTWRAP_PROFILE, PORTWRAP_SPAWN_ID, PORTWRAP_ACCOUNT, PORTWRAP_UID, PORTWRAP_GID and PORTWRAP_HOME.',
          examples: [[example]],
        }),
      run_as: z.enum(['service', 'user']).default('service').meta({
        description:
          'service: as the account of the service, which is root in most installations. user: as the account of the server. Either way outside the sandbox.',
      }),
      timeout: z.number().min(0.1).max(3600).default(30).meta({
        description: 'Seconds after which the command and its process group are killed; that is a failure.',
      }),
    })
    .nullable()
    .default(null)
    .meta({ description: when, examples: [{ command: [example] }] });

export const hooksSchema = z
  .strictObject({
    before_start: hook(
      'A command that runs before a server is started, as a prologue of BatchSpawner does. If it fails, the start is refused with HOOK_FAILED, and its last lines are shown to the user. null: none.',
      '/usr/local/sbin/before-server',
    ),
    after_end: hook(
      'A command that runs when a server has ended, before the hub learns of it, as an epilogue of BatchSpawner does. It runs for each server whose start came to before_start, also if that failed, and once more if the service is killed meanwhile. Its failure is in the log of the service. null: none.',
      '/usr/local/sbin/after-server',
    ),
  })
  .prefault({})
  .meta({
    description:
      'Commands of the administrator, on the machine of the service, around the life of a server. What they write is in the log of the server, which its user can read.',
  });
