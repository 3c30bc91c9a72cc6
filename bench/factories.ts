// Class or factory for the objects that the proxy creates per request: time and memory of both, for an object with
// twelve fields and ten methods that is created, called a few times and dropped, like an exchange.
// Run: node bench/run.mjs factories
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { median, report } from './report.ts';

interface Work {
  start(): void;
  onHead(bytes: number): void;
  onBody(bytes: number): void;
  onEnd(): void;
  abort(): void;
}

class ClassWork implements Work {
  readonly #ended: (work: Work) => void;
  readonly #path: string;
  #status = 0;
  #received = 0;
  #sent = 0;
  #started = false;
  #complete = false;
  #aborted = false;
  #retried = false;
  #waiting = false;
  #head = 0;
  #left = 0;

  constructor(path: string, ended: (work: Work) => void) {
    this.#path = path;
    this.#ended = ended;
  }

  start(): void {
    this.#started = true;
    this.#left = this.#path.length;
  }

  onHead(bytes: number): void {
    this.#head = bytes;
    this.#status = 200;
    this.#count(bytes);
  }

  onBody(bytes: number): void {
    this.#count(bytes);
    this.#write(bytes);
  }

  onEnd(): void {
    this.#complete = true;
    this.#finish();
  }

  abort(): void {
    this.#aborted = true;
    this.#finish();
  }

  #count(bytes: number): void {
    this.#received += bytes;
    this.#left -= bytes;
  }

  #write(bytes: number): void {
    this.#sent += bytes;
    if (this.#left < 0) this.#hold();
  }

  #hold(): void {
    this.#waiting = true;
    this.#retry();
  }

  #retry(): void {
    this.#retried = this.#waiting && this.#status === 0;
  }

  #finish(): void {
    if (this.#started && (this.#complete || this.#aborted) && !this.#retried && this.#head >= 0)
      this.#ended(this);
  }
}

function factoryWork(path: string, ended: (work: Work) => void): Work {
  let status = 0;
  let received = 0;
  let sent = 0;
  let started = false;
  let complete = false;
  let aborted = false;
  let retried = false;
  let waiting = false;
  let head = 0;
  let left = 0;
  const count = (bytes: number): void => {
    received += bytes;
    left -= bytes;
  };
  const retry = (): void => {
    retried = waiting && status === 0;
  };
  const hold = (): void => {
    waiting = true;
    retry();
  };
  const write = (bytes: number): void => {
    sent += bytes;
    if (left < 0) hold();
  };
  const finish = (): void => {
    if (started && (complete || aborted) && !retried && head >= 0 && sent <= received) ended(work);
  };
  const work: Work = {
    start: () => {
      started = true;
      left = path.length;
    },
    onHead: (bytes) => {
      head = bytes;
      status = 200;
      count(bytes);
    },
    onBody: (bytes) => {
      count(bytes);
      write(bytes);
    },
    onEnd: () => {
      complete = true;
      finish();
    },
    abort: () => {
      aborted = true;
      finish();
    },
  };
  return work;
}

const makers: Record<string, (path: string, ended: (work: Work) => void) => Work> = {
  class: (path, ended) => new ClassWork(path, ended),
  factory: factoryWork,
};
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const objects = 300_000;
let ends = 0;
const ended = (): void => {
  ends++;
};

function use(make: (path: string, ended: (work: Work) => void) => Work): Work {
  const work = make('/user/ann/api', ended);
  work.start();
  work.onHead(120);
  work.onBody(10);
  work.onEnd();
  return work;
}

report(
  'factories',
  Object.entries(makers).map(([name, make]) => {
    const times: number[] = [];
    for (let round = 0; round < 9; round++) {
      const before = process.cpuUsage();
      for (let at = 0; at < objects; at++) use(make);
      const { user, system } = process.cpuUsage(before);
      if (round > 1) times.push(((user + system) * 1000) / objects);
    }
    collect();
    const heap = process.memoryUsage().heapUsed;
    const kept = Array.from({ length: 20_000 }, () => use(make));
    collect();
    const bytes = (process.memoryUsage().heapUsed - heap) / kept.length;
    return { made: name, 'ns each, life': Math.round(median(times)), 'bytes each': Math.round(bytes) };
  }),
  { 'ends called': ends },
);
