import type { HeartbeatTarget } from './heartbeat-connection.ts'

/** A request from the main thread to the heartbeat thread. */
export type HeartbeatRequest =
  | {
      readonly kind: 'start'
      readonly worker: string
      readonly target: HeartbeatTarget
      readonly everyMs: number
      /** The memory of the worker's `HeartbeatView`. */
      readonly memory: SharedArrayBuffer
    }
  /** The user or the password of the target has changed. */
  | { readonly kind: 'target'; readonly worker: string; readonly target: HeartbeatTarget }
  | { readonly kind: 'stop'; readonly worker: string }

/** A report from the heartbeat thread about a worker. */
export type HeartbeatReport =
  | { readonly kind: 'failed'; readonly worker: string; readonly error: Readonly<Record<string, unknown>> }
  | { readonly kind: 'declared-dead'; readonly worker: string }
  | { readonly kind: 'stopped'; readonly worker: string }
