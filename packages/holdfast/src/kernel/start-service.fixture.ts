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
import type { SigningKeys } from './signing-keys.ts'

/** Those of every process on one database. */
export const sameKeys: SigningKeys = {
  keys: [{ id: 1, secret: new Uint8Array(32) }],
  refresh: async () => sameKeys.keys,
}

/** A database that holds nothing, for mutations whose data is beside the point. */
export const noDatabase: Database<undefined, undefined> = {
  name: 'none',
  problems: [],
  open: async () => ({
    signingKeys: sameKeys,
    stageFor: () => (call, next) => next(call),
    close: async () => {},
  }),
}

/** How a test starts a service. */
export interface StartOptions extends HoldfastOptions<undefined, undefined> {
  readonly mode?: Mode
  readonly clock?: Clock
  readonly onLog?: (line: string) => void
}

/** Starts a service of operations. */
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

/** What is wrong with operations, as their service says when it does not start. */
export async function refusalOf(operations: Operations, options: StartOptions = {}): Promise<string> {
  return startService(operations, options).then(
    () => 'it started',
    (error: Error) => error.message,
  )
}

/** The parts of an input. */
export interface Parts {
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, readonly string[]>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** Calls an operation. */
export function call(running: RunningService, operation: string, parts: Parts = {}): Promise<Answer> {
  const { path = {}, query = {}, body, headers = {}, signal } = parts
  return running.call({
    operation,
    input: { path, query, body },
    header: (name) => headers[name],
    ...(signal ? { client: signal } : {}),
  })
}

/** The body of an answer. */
export function bodyOf(answer: Answer): unknown {
  return JSON.parse(answer.body ?? 'null') as unknown
}
