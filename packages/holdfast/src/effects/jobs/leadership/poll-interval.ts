import type { Waker } from '../../wakes/waker.ts'

// While this process listens for wakes, polling only finds work whose wake was lost. A wake is lost
// if a process dies between its commit and the notification, or if the notification is sent over a
// dead connection. A job whose wake is lost starts up to this much later. Polling costs each
// process one statement every 5 s.
const listeningMs = 5_000
// Without wakes (for example, behind a pooler without DATABASE_DIRECT_URL), only polling finds jobs
// that other processes enqueue.
const deafMs = 1_000

/** Returns the interval at which a process polls for work, in milliseconds. */
export function pollIntervalMs({ isListening }: Pick<Waker, 'isListening'>): number {
  return isListening ? listeningMs : deafMs
}

/** Delay after a failed poll, in milliseconds. */
export const pollRetryMs = 1_000
