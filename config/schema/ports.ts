// The keys below `ports`: where servers are reachable on this machine.
import { z } from 'zod';
import { numberRange } from './values/number-range.ts';

export const portsSchema = z
  .strictObject({
    host_address: z
      .ipv4({ error: 'must be an IPv4 address such as 127.0.0.1' })
      .refine((address) => address !== '0.0.0.0', {
        error: 'must be one address of this machine: every address would open the servers to other users',
      })
      .default('127.0.0.1')
      .meta({
        description:
          'The IPv4 address of this machine at which servers are forwarded. Keep the loopback address unless the proxy runs on another machine.',
      }),
    range: numberRange(1024, 65_535).prefault('20000-29999').meta({
      description:
        'The host ports for servers, "LOW-HIGH" inclusive; each running server takes one. It must lie below the ephemeral range of the kernel (32768 unless net.ipv4.ip_local_port_range says otherwise), or outgoing connections take ports away.',
    }),
  })
  .prefault({})
  .meta({ description: 'Where servers are reachable on this machine.' });
