// The pauses between the attempts at something that is tried again. Not here: waiting, and when to give up.

/** Each call tells the next pause in milliseconds: twice as long as the one before it, but none longer than `longest`. */
export function backoff(first: number, longest: number): () => number {
  let next = first;
  return () => {
    const pause = next;
    next = Math.min(next * 2, longest);
    return pause;
  };
}
