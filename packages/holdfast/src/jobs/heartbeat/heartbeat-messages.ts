import type { BeatTarget } from './beat-connection.ts'

/** What the main thread asks of the heartbeat thread. */
export type HeartbeatRequest =
  | {
      readonly kind: 'start'
      readonly worker: string
      readonly target: BeatTarget
      readonly everyMs: number
      /** That of the worker's `HeartbeatView`. */
      readonly memory: SharedArrayBuffer
    }
  | { readonly kind: 'stop'; readonly worker: string }

/** What the heartbeat thread reports of a worker. */
export type HeartbeatReport =
  | { readonly kind: 'failed'; readonly worker: string; readonly error: Readonly<Record<string, unknown>> }
  | { readonly kind: 'declared-dead'; readonly worker: string }
  | { readonly kind: 'stopped'; readonly worker: string }
