// Which programs of one server are asked what they speak, and when: each once, and a port whose program had no page
// rarely again, since there are programs that do not survive an unknown line. Not here: one question (ask-program.ts).
import type { ListeningPort } from '../usage/observe.ts';
import type { askProgram, Heard } from './ask-program.ts';

export interface Questions {
  /** Asks the programs behind these ports that may be asked. Settles when all questions are answered. Never rejects. */
  ask(ports: readonly ListeningPort[]): Promise<void>;
  /** What the program behind the port has said; null: it was not asked. */
  heard(port: ListeningPort): Heard | null;
  /** Forgets ports that are closed, except that they had no page. */
  keep(ports: readonly ListeningPort[]): void;
}

export interface QuestionsInput {
  readonly ask: (port: number) => ReturnType<typeof askProgram>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** At the same time. Each takes a relay, and browsers need some too. */
const most = 6;
const mostAnswers = 500;
/** Milliseconds until a port that had no page may be asked again, after each time. */
const pauses = [30_000, 300_000, 3_600_000] as const;

interface Answer {
  readonly key: string;
  readonly heard: Heard;
  readonly time: number;
  /** How often in succession there was no page. */
  readonly failures: number;
}

export function createQuestions({ ask, now }: QuestionsInput): Questions {
  const answers = new Map<number, Answer>();
  const open = new Map<number, Promise<void>>();
  const waiting: (() => void)[] = [];
  let running = 0;

  async function inTurn(work: () => Promise<void>): Promise<void> {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    await work();
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }

  async function askOne({ port, key }: ListeningPort): Promise<void> {
    const heard = await ask(port).catch(() => silent);
    const before = answers.get(port)?.failures ?? 0;
    answers.set(port, { key, heard, time: now(), failures: hasPage(heard) ? 0 : before + 1 });
    open.delete(port);
  }

  const rests = ({ failures, time }: Answer) =>
    failures > 0 && now() - time < (pauses[Math.min(failures, pauses.length) - 1] ?? 0);

  function mayBeAsked({ port, key }: ListeningPort): boolean {
    const answer = answers.get(port);
    if (open.has(port)) return false;
    if (answer === undefined) return true;
    return !rests(answer) && !(answer.key === key && isFinal(answer.heard));
  }

  return {
    async ask(ports) {
      for (const port of ports.filter(mayBeAsked))
        open.set(
          port.port,
          inTurn(() => askOne(port)),
        );
      await Promise.all(open.values());
    },
    heard({ port, key }) {
      const answer = answers.get(port);
      return answer?.key === key ? answer.heard : null;
    },
    keep(ports) {
      const left = new Set(ports.map(({ port }) => port));
      for (const [port, { failures }] of answers) {
        if (!left.has(port) && (failures === 0 || answers.size > mostAnswers)) answers.delete(port);
      }
    },
  };
}

const silent: Heard = { spoken: 'silent', status: null, title: null };

/** A program that is starting may respond later. */
function hasPage({ spoken, status }: Heard): boolean {
  return spoken === 'http' && (status ?? 0) < 500;
}

function isFinal(heard: Heard): boolean {
  return hasPage(heard) || !['http', 'silent'].includes(heard.spoken);
}
