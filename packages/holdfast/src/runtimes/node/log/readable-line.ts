import { stripVTControlCharacters, styleText } from 'node:util'

const colors = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const

// Fields not shown, because they are for programs or already in the message.
const leftOut = new Set(['traceId', 'spanId', 'method', 'route', 'status'])

/** A line as `JsonLog` writes it. */
interface Line extends Record<string, unknown> {
  readonly level: keyof typeof colors
  readonly time: string
  readonly msg?: string
  readonly error?: unknown
}

/** An error in a line. */
interface LoggedError {
  readonly message?: string
  readonly stack?: string
  readonly errors?: readonly LoggedError[]
  readonly cause?: LoggedError
}

/**
 * Formats a line for people: the time of day, the level, the message, then the other fields. An
 * error follows below the line, with its stack and its causes.
 */
export function toReadable(line: string): string {
  const { level, time, msg, error, ...fields } = JSON.parse(line) as Line
  const shown = Object.entries(fields).filter(([name]) => !leftOut.has(name))
  const rest = shown.map(([name, value]) => ` ${styleText('dim', `${toHarmless(name)}=`)}${toWord(value)}`)
  const head = `${styleText('dim', new Date(time).toTimeString().slice(0, 8))} ${styleText(colors[level], level.padEnd(5))}`
  // The message may contain input from clients, which must not move the terminal's cursor.
  return `${head} ${toHarmless(msg ?? '')}${rest.join('')}\n${toStacks(error)}`
}

function toStacks(error: unknown): string {
  if (error === undefined) return ''
  if (typeof error !== 'object' || error === null) return `${toWord(error)}\n`
  const { stack, message, errors, cause } = error as LoggedError
  const own = stack ?? message ?? JSON.stringify(error)
  const parts = Array.isArray(errors) ? errors.map((one) => `one of them: ${toStacks(one)}`) : []
  const below = cause ? `caused by: ${toStacks(cause)}` : ''
  // The lines of a message are indented, so that they do not look like further log lines.
  const lines = own
    .split('\n')
    .map((text, n) => `${n > 0 && !text.startsWith(' ') ? '  ' : ''}${toHarmless(text)}\n`)
  return `${lines.join('')}${parts.join('')}${below}`
}

function toWord(value: unknown): string {
  const isPlain = typeof value === 'string' && /^[^\s"=]+$/.test(value)
  const word = isPlain ? value : JSON.stringify(value)
  return toHarmless(word)
}

/** Escapes text so that it cannot break the line or change its direction. */
function toHarmless(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD')
}
