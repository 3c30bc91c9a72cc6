// What a sandbox sees of the GPU pool: the nodes of the GPUs that its server has, and nothing of the others.
// Not here: who gets which (servers/gpus.ts), the rest of its files (sandbox-spec.ts).
import { existsSync } from 'node:fs';
import type { Config } from '../../config/load.ts';
import { type FileViewRequest, pathUnavailable } from '../../portwrap/index.ts';

export interface GpuDevices {
  readonly devices: Required<Pick<FileViewRequest, 'extraDevices' | 'hideDevices'>>;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * `view` is that of the profile, and `granted` are the names of the GPUs of the server. Throws PATH_UNAVAILABLE when a
 * node of theirs is missing.
 */
export function gpuDevices(
  { devices, shared }: Config['gpus'],
  { devices: chosen, extraDevices = [] }: Pick<FileViewRequest, 'devices' | 'extraDevices'>,
  granted: readonly string[],
): GpuDevices {
  const own = granted.flatMap((name) => devices.filter(({ nodes }) => nodes[0] === name));
  const nodes = own.flatMap((gpu) => gpu.nodes);
  const lost = nodes.find((path) => !existsSync(path));
  if (lost !== undefined)
    throw pathUnavailable(
      lost,
      'it is a device of the GPU pool, and does not exist',
      'An administrator can load the driver (NVIDIA: nvidia-modprobe -u -c 0), or correct "gpus".',
    );
  const visible = [...extraDevices, ...nodes, ...(granted.length > 0 ? shared : [])];
  const isVisible = (path: string) => visible.some((shown) => bare(shown) === path);
  const pool = [...devices.flatMap((gpu) => gpu.nodes), ...shared.map(bare)];
  const isAll = chosen !== 'basic';
  return {
    devices: {
      extraDevices: isAll ? [] : visible,
      hideDevices: isAll ? pool.filter((path) => !isVisible(path)) : [],
    },
    environment: own.length === 0 ? {} : visibleDevices(own.map(({ id }, place) => id ?? String(place))),
  };
}

/** CUDA, NVIDIA's container tools and ROCm each read a variable of their own. */
function visibleDevices(names: readonly string[]): Record<string, string> {
  const list = names.join(',');
  return { CUDA_VISIBLE_DEVICES: list, NVIDIA_VISIBLE_DEVICES: list, ROCR_VISIBLE_DEVICES: list };
}

function bare(path: string): string {
  return path.replace(/^-/, '');
}
