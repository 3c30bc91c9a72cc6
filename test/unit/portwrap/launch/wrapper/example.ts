// A wrapper for the tests of its two forms. Not here: what they make of it.
import type { Wrapper } from '../../../../../portwrap/launch/wrapper/wrapper.ts';

/** Without root, in the foreground. */
export const wrapper: Wrapper = {
  life: '/d/life',
  forwarder: '/d/forwarder',
  uplink: '/d/uplink',
  policyLog: null,
  maps: null,
  keeper: false,
  sysctls: { lowPorts: false, routeLoopback: false },
  terminals: [
    { kind: 'bind', source: '/dev/null', target: '/dev/console' },
    { kind: 'new', target: '/dev/pts' },
  ],
  image: null,
  detached: false,
  ignoredSignals: ['INT', 'TERM'],
};

export const rootsWrapper: Wrapper = { ...wrapper, policyLog: '/d/policy.log' };
