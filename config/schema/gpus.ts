// The keys below `gpus`: the devices that are handed to one server at a time.
// Not here: how many a server gets (profile/resources.ts), handing them out (spawner/servers/gpus.ts).
import { z } from 'zod';

const node = z.string().regex(/^\/dev(?!.*\/\.\.?(?:\/|$))\/[^\0\s]+$/, {
  error: 'must be the absolute path of a device below /dev',
});

/** A node that servers may see, with "-" before it where it may be missing. */
export const deviceNode = z.string().regex(/^-?\/dev(?!.*\/\.\.?(?:\/|$))\/[^\0\s]+$/, {
  error: 'must be the absolute path of a device below /dev, or - before it',
});

const gpuSchema = z.strictObject({
  nodes: z
    .array(node)
    .min(1)
    .max(32)
    .meta({
      description:
        'Its device nodes, which only the server sees that has it. The first one names it in records.',
      examples: [['/dev/nvidia0']],
    }),
  id: z
    .string()
    .regex(/^[A-Za-z0-9_:.-]{1,128}$/, { error: 'must be a UUID as nvidia-smi -L or rocminfo prints it' })
    .nullable()
    .default(null)
    .meta({
      description:
        'How programs name it in CUDA_VISIBLE_DEVICES, NVIDIA_VISIBLE_DEVICES and ROCR_VISIBLE_DEVICES. null: by its place among those of the server, from 0, as drivers count devices that they can open.',
      examples: ['GPU-5f0c7d8e-1b2a-4c3d-9e8f-000000000000'],
    }),
});

export const gpusSchema = z
  .strictObject({
    devices: z
      .array(gpuSchema)
      .max(256)
      .default([])
      .superRefine((devices, ctx) => {
        const seen = new Set<string>();
        for (const [index, { nodes }] of devices.entries())
          for (const [at, path] of nodes.entries()) {
            if (seen.has(path))
              ctx.addIssue({
                code: 'custom',
                path: [index, 'nodes', at],
                message: 'is in this list already',
              });
            seen.add(path);
          }
      })
      .meta({
        description:
          'The GPUs of this machine that profiles with resources.gpus share. Each is handed to one server at a time, and free again when that has ended.',
        examples: [[{ nodes: ['/dev/nvidia0'] }]],
      }),
    shared: z
      .array(deviceNode)
      .max(64)
      .default([])
      .meta({
        description:
          'Device nodes that every server with a GPU needs beside its own; others do not see them. As in "files", - before a path leaves it out where it does not exist.',
        examples: [['/dev/nvidiactl', '/dev/nvidia-uvm', '-/dev/nvidia-uvm-tools']],
      }),
  })
  .prefault({})
  .meta({ description: 'A pool of GPUs, or of other devices, for profiles with the launcher local.' });
