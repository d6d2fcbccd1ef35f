import { fileURLToPath } from 'node:url'

/** The code that makes a call. */
export interface Caller {
  /** True if the caller is the framework, which calls its database or its collectors. */
  readonly isFramework: boolean
  /** True if the caller is an HTTP client. */
  readonly isHttpClient: boolean
  /** The nearest file and line of the program; `undefined` if the program is not on the stack. */
  readonly calledAt: string | undefined
}

// Max number of frames to read, because the stack of a client may be deep.
const maxFrames = 100

// This file is in the room `platform/external-calls`: a folder in the sources, a file in the
// published package. The path before the room's name is the folder that contains all rooms.
const room = 'platform/external-calls'
const root = fileURLToPath(import.meta.url.slice(0, import.meta.url.lastIndexOf(room)))
// Tests are in the folders of the framework, but count as programs that use it.
const test = /\.(?:test|fixture)\.[jt]s$/
// The folders of the framework whose code makes calls. Code in the other folders only runs
// handlers, so if such code is on the stack, the handler made the call.
const calling = /^(?:storage|platform\/telemetry)\b/
// Recognizes drivers and exporters by their packages. If a driver reconnects for waiting callers,
// or an exporter sends on a timer, no caller is on the stack.
const driver = /\/node_modules\/(?:pg|pg-pool|@opentelemetry\/(?:otlp-)?exporter-[^/]+)\//
const httpClient = /^node:(?:_http_|internal\/deps\/undici\/)|\/node_modules\/undici\//
const library = /^node:|\/node_modules\//

/** Returns the code that made the call reported by a diagnostics channel. */
export function callerOf(): Caller {
  const frames = framesBelowChannel()
  const end = frames.findIndex(({ path }) => isFrameworks(path) || !library.test(path))
  const nearest = frames[end]
  const libraries = nearest ? frames.slice(0, end) : frames
  const isProgram = nearest !== undefined && !isFrameworks(nearest.path)
  return {
    isFramework:
      !isProgram &&
      (libraries.some(({ path }) => driver.test(path)) ||
        (nearest !== undefined && calling.test(nearest.path.slice(root.length)))),
    isHttpClient: libraries.some(({ path }) => httpClient.test(path)),
    calledAt: isProgram ? `${nearest.path}:${nearest.line}` : undefined,
  }
}

/**
 * Returns the nearest file and line of the program; `undefined` if the program is not on the stack.
 */
export function callerLineOfProgram(): string | undefined {
  const frame = framesBelowChannel().find(({ path }) => !isFrameworks(path) && !library.test(path))
  return frame && `${frame.path}:${frame.line}`
}

function isFrameworks(path: string): boolean {
  return path.startsWith(root) && !test.test(path)
}

interface Frame {
  /** The path of a file, or `node:…`. */
  readonly path: string
  readonly line: string
}

function framesBelowChannel(): readonly Frame[] {
  const carrier: { stack?: string } = {}
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = maxFrames
  Error.captureStackTrace(carrier)
  const lines = (carrier.stack ?? '').split('\n')
  Error.stackTraceLimit = stackTraceLimit
  const frames = lines.map(toFrame).filter((frame) => frame !== undefined)
  return frames.slice(frames.findIndex(({ path }) => path === 'node:diagnostics_channel') + 1)
}

/**
 * Parses `at name (path:line:column)` or `at path:line:column`. Returns `undefined` for text
 * without a line, such as native code.
 */
function toFrame(text: string): Frame | undefined {
  const [, path, line] = /^ +at (?:.* \(|async )?(.+?):(\d+):\d+\)?$/.exec(text) ?? []
  if (path === undefined || line === undefined) return undefined
  return { path: path.startsWith('file:') ? fileURLToPath(path) : path, line }
}
