import {
  type Answer,
  type Clock,
  createLogger,
  type Database,
  holdfast,
  type HoldfastOptions,
  type Mode,
  type ModuleExports,
  type Operations,
  type OperationsOf,
  type RunningService,
  systemClock,
} from 'holdfast'
import type { SigningKeys } from '../pages/signing-keys.ts'

/** Signing keys that all processes on one database share. */
export const sameKeys: SigningKeys = {
  keys: [{ id: 1, secret: new Uint8Array(32) }],
  refresh: async () => sameKeys.keys,
}

/** A database that does nothing, for mutations that use no data. */
export const noDatabase: Database<undefined, undefined> = {
  name: 'none',
  problems: [],
  open: async () => ({
    signingKeys: sameKeys,
    stageFor: () => (call, next) => next(call),
    close: async () => {},
  }),
}

/** Options of {@link startService}. */
export interface StartOptions extends HoldfastOptions<undefined, undefined> {
  readonly mode?: Mode
  readonly clock?: Clock
  readonly onLog?: (line: string) => void
}

/** Starts a service with these operations. */
export function startService<E extends ModuleExports>(
  operations: E,
  options: StartOptions = {},
): Promise<RunningService<OperationsOf<E>>> {
  const { mode = 'test', clock = systemClock, onLog = () => {}, ...rest } = options
  const log = createLogger({ level: 'debug', write: onLog })
  return holdfast(rest)
    .service({ name: 'tested', operations })
    .start({ env: {}, mode, clock, log, notify: () => {} })
}

/** Expects the start of a service with these operations to fail, and returns the error message. */
export async function refusalOf(operations: Operations, options: StartOptions = {}): Promise<string> {
  return startService(operations, options).then(
    () => 'it started',
    (error: Error) => error.message,
  )
}

/** The request of a call. */
export interface Parts {
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, readonly string[]>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** Calls an operation. */
export async function call(running: RunningService, operation: string, parts: Parts = {}): Promise<Answer> {
  const { path = {}, query = {}, body, headers = {}, signal } = parts
  return running.call({
    operation,
    input: { path, query, body },
    header: (name) => headers[name],
    ...(signal ? { client: signal } : {}),
  })
}

/** Returns the parsed body of an answer. */
export function bodyOf(answer: Answer): unknown {
  return JSON.parse(answer.body ?? 'null') as unknown
}
