// The ports that are open inside servers, and what the programs behind them are: looked up when somebody looks at the
// list. Not here: which programs are asked (questions.ts), what is shown and to whom (page/, http/).
import type { Socket } from 'node:net';
import type { ServerRecord } from '../records/record.ts';
import { withPatience } from '../system/with-patience.ts';
import { type ListeningPort, openPortsOf } from '../usage/observe.ts';
import { askProgram } from './ask-program.ts';
import { guessedKind, kindByProgram, kindByResponse, type PortKind, portKinds } from './port-kind.ts';
import { createQuestions, type Questions } from './questions.ts';

export interface OpenPort extends Pick<ListeningPort, 'port' | 'programs' | 'loopbackOnly'> {
  readonly kind: PortKind;
  /** Of its page, as text; null: it has none, or is not known. */
  readonly title: string | null;
  /**
   * Milliseconds since the epoch: since when it may have been open, which is the start of its program or the last look
   * at which it was not open, whichever is later. null: not known.
   */
  readonly since: number | null;
}

export interface LookOptions {
  /** Whether programs are asked, and what they have said is told. */
  readonly asks: boolean;
  /** Milliseconds to wait for responses; what comes later is told at the next look. */
  readonly patience: number;
}

export interface PortLists {
  /** The open ports of a server in the order of their kinds; none when it does not run here. */
  of(record: ServerRecord, options: LookOptions): Promise<readonly OpenPort[]>;
}

export interface PortListsInput {
  /** A connection to a port inside. */
  readonly connect: (record: ServerRecord, port: number) => Promise<Socket>;
  readonly look?: (record: ServerRecord) => readonly ListeningPort[];
  readonly ask?: typeof askProgram;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Servers that are remembered, and ports of each that are listed. */
const mostServers = 1_000;
const mostPorts = 200;
/** Milliseconds that a look counts. */
const freshFor = 1_000;

interface Memory {
  readonly questions: Questions;
  /** Of the last look; 0: there was none. */
  time: number;
  ports: readonly ListeningPort[];
  /** By the key of a port. */
  since: ReadonlyMap<string, number | null>;
}

export function createPortLists({ connect, ...input }: PortListsInput): PortLists {
  const { look = openPortsOf, ask = askProgram, now = Date.now } = input;
  const memories = new Map<string, Memory>();

  function memoryOf(record: ServerRecord): Memory {
    const askPort = (port: number) => ask(() => connect(record, port), port);
    const memory = memories.get(record.id) ?? {
      questions: createQuestions({ ask: askPort, now }),
      ...{ time: 0, ports: [], since: new Map() },
    };
    memories.delete(record.id); // so that the order is that of the looks
    memories.set(record.id, memory);
    for (const oldest of memories.keys()) {
      if (memories.size <= mostServers) break;
      memories.delete(oldest);
    }
    return memory;
  }

  function lookAgain(record: ServerRecord, memory: Memory): void {
    const time = now();
    if (Math.abs(time - memory.time) < freshFor) return;
    const ports = look(record).slice(0, mostPorts);
    const sinceOf = (port: ListeningPort) => memory.since.get(port.key) ?? beginOf(port, memory.time);
    Object.assign(memory, { time, ports, since: new Map(ports.map((port) => [port.key, sinceOf(port)])) });
    memory.questions.keep(ports);
  }

  return {
    async of(record, { asks, patience }) {
      if (record.sandbox === null) return [];
      const own = record.sandbox.guestPort;
      const memory = memoryOf(record);
      lookAgain(record, memory);
      const { questions, ports, since } = memory;
      if (asks) {
        const asked = ports.filter((one) => one.port !== own && kindByProgram(one) === null);
        await withPatience(questions.ask(asked), patience);
      }
      const kindOf = (one: ListeningPort, heard: ReturnType<Questions['heard']>): PortKind => {
        if (one.port === own) return 'server';
        if (heard !== null) return kindByResponse(heard);
        return asks ? (kindByProgram(one) ?? 'unknown') : guessedKind(one);
      };
      return ports
        .map((one) => {
          const { port, programs, loopbackOnly, key } = one;
          const heard = asks ? questions.heard(one) : null;
          const told = {
            kind: kindOf(one, heard),
            title: heard?.title ?? null,
            since: since.get(key) ?? null,
          };
          return { port, programs, loopbackOnly, ...told };
        })
        .sort(byUse);
    },
  };
}

/** `before`: the last look, at which the port was not open; 0: there was none. */
function beginOf({ started }: ListeningPort, before: number): number | null {
  return before === 0 ? started : Math.max(started ?? 0, before);
}

function byUse(a: OpenPort, b: OpenPort): number {
  const untitled = ({ title }: OpenPort) => Number(title === null);
  return (
    portKinds.indexOf(a.kind) - portKinds.indexOf(b.kind) || untitled(a) - untitled(b) || a.port - b.port
  );
}
