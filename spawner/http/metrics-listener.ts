// What a Prometheus or a load balancer of this machine asks for without a token, on an address of its own.
import type { RequestListener } from 'node:http';
import type { HealthReport } from '../health/health.ts';
import { healthAnswer, healthText } from './health-answer.ts';

export interface Vitals {
  readonly isReady: () => boolean;
  readonly health: () => Promise<HealthReport>;
  readonly metrics: () => Promise<string>;
}

export function metricsListener({ isReady, health, metrics }: Vitals): RequestListener {
  return (request, response) => {
    const answer = (status: number, text: string) => {
      response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(text);
    };
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET') answer(405, 'only GET\n');
    else if (path === '/api/health/live') answer(200, 'live\n');
    else if (path === '/api/health/ready')
      answer(isReady() ? 200 : 503, isReady() ? 'ready\n' : 'starting up\n');
    else if (path === '/api/health') {
      const starting = () => answer(503, 'starting up\n');
      if (!isReady()) return starting();
      void health().then((report) => answer(healthAnswer(report).status, healthText(report)));
    } else if (path === '/metrics') {
      metrics().then(
        (text) => answer(200, text),
        () => answer(500, 'the metrics could not be read\n'),
      );
    } else answer(404, 'available: /metrics, /api/health, /api/health/live and /api/health/ready\n');
  };
}
