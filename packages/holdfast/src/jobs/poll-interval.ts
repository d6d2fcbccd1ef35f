import type { Waker } from './waker.ts'

// While wakes are heard, a poll makes up for those that are lost: a process died between its commit and the
// notification, or a notification was sent to a connection that is dead and not yet known to be. Such a job
// starts up to this much later; the poll costs each process a statement every 5 s.
const listeningMs = 5_000
// Without wakes, as behind a pooler without DATABASE_DIRECT_URL, only polls find what other processes enqueue.
const deafMs = 1_000

/** Returns the interval at which a process looks for work that it has not been woken for, in milliseconds. */
export function pollIntervalMs({ isListening }: Pick<Waker, 'isListening'>): number {
  return isListening ? listeningMs : deafMs
}

/** Pause of a poll that failed, in milliseconds. */
export const pollRetryMs = 1_000
