// Pauses between retries. Not here: waiting, and the number of retries.

/** Each call returns the next pause in milliseconds: twice the one before it, at most `longest`. */
export function backoff(first: number, longest: number): () => number {
  let next = first;
  return () => {
    const pause = next;
    next = Math.min(next * 2, longest);
    return pause;
  };
}
