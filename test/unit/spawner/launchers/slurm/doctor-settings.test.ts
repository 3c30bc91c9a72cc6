// What the doctor reads out of slurm.conf.
import { expect, test } from 'vitest';
import { checkSettings } from '../../../../../spawner/launchers/slurm/doctor/settings.ts';

const found = (settings: Record<string, string>, interval = 5) =>
  new Map(checkSettings(new Map(Object.entries(settings)), interval).map((check) => [check.name, check]));

test.each([
  ['(null)', 'warning', 'batch_sched_delay is 3, the default'],
  ['bf_interval=60,defer', 'warning', 'batch_sched_delay is 3, the default'],
  ['defer,batch_sched_delay=20', 'warning', 'batch_sched_delay is 20'],
  ['batch_sched_delay=0,bf_interval=1', 'ok', 'batch_sched_delay is 0'],
])('SchedulerParameters=%s: %s', (SchedulerParameters, status, what) => {
  expect(found({ SchedulerParameters }).get('start delay')).toMatchObject({ status, what });
});

test.each([
  ['accounting_storage/slurmdbd', '2 sec', 'ok'],
  ['accounting_storage/none', '300 sec', 'ok'],
  ['(null)', '300 sec', 'ok'],
  ['accounting_storage/none', '10 sec', 'warning'],
])('with %s and MinJobAge %s, how a job has ended: %s', (AccountingStorageType, MinJobAge, status) => {
  expect(found({ AccountingStorageType, MinJobAge }).get('accounting')).toMatchObject({ status });
});

test.each([
  ['jobacct_gather/linux', 'ok'],
  ['jobacct_gather/none', 'warning'],
  ['(null)', 'warning'],
])('with JobAcctGatherType=%s, whether usage is sampled: %s', (JobAcctGatherType, status) => {
  expect(found({ JobAcctGatherType }).get('usage')).toMatchObject({ status });
});
