// The environment variables in which Slurm describes a job to itself (sbatch(1), "OUTPUT ENVIRONMENT VARIABLES").
import type { JobSpec } from '../../../portwrap/index.ts';

export const batchVariables: JobSpec['batch'] = {
  job: 'SLURM_JOB_ID',
  restarts: 'SLURM_RESTART_COUNT',
  node: 'SLURMD_NODENAME',
  passed: [
    ...['SLURM_*', 'SLURMD_NODENAME'],
    ...['CUDA_VISIBLE_DEVICES', 'GPU_DEVICE_ORDINAL', 'ROCR_VISIBLE_DEVICES'],
  ],
  withheld: ['SLURM_CONF'],
};
