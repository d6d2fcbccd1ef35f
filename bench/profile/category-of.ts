import type { Frame } from './cpu-profile.ts'

/** The category of samples that no rule matches. */
const other = 'other code of Node'

/** Categories by the innermost function. */
const byInnermost: ReadonlyMap<string, string> = new Map([
  ...['writev', 'writeUtf8String', 'writeLatin1String', 'writeBuffer'].map(
    (name) => [name, 'writing to sockets'] as const,
  ),
  ['(program)', 'native code without a function'],
  ['(garbage collector)', 'garbage collection'],
  ['runMicrotasks', 'promises'],
])

/** Categories by a function that the innermost function was called by, directly or indirectly. */
const byCaller: ReadonlyMap<string, string> = new Map([
  ['etagOf', 'entity tag'],
  ['#logLine', 'log line'],
  ['readRequestId', 'ids of the request'],
  ['readKeyClaim', 'key and fingerprint of the call'],
  ['RunningDeadline', 'deadline'],
])

interface UrlRule {
  readonly category: string
  readonly url: RegExp
}

/** Categories by the innermost function whose module matches. */
const byUrl: readonly UrlRule[] = [
  { category: 'spans and metrics', url: /holdfast\/dist\/platform\/telemetry|async_context_frame/ },
  { category: 'validation', url: /node_modules\/zod\// },
  { category: 'handler', url: /\/bench\/http\/servers\// },
  { category: 'messages of Postgres (pg)', url: /node_modules\/pg(?:-\w+)?\// },
  { category: 'statements, transactions and the pool', url: /holdfast\/dist\/(?:storage|databases)/ },
  { category: 'idempotency', url: /holdfast\/dist\/effects\/idempotency/ },
  { category: 'jobs', url: /holdfast\/dist\/effects/ },
  { category: 'HTTP above node:http', url: /holdfast\/dist\/(?:transports|runtimes)/ },
  { category: 'stages of the call', url: /holdfast\/dist\// },
  { category: 'node:http', url: /^node:(?:_http_|internal\/http)/ },
]

/** The categories, in the order of the table. */
export const categories: readonly string[] = [
  ...new Set([
    ...byInnermost.values(),
    ...byCaller.values(),
    ...byUrl.map(({ category }) => category),
    other,
  ]),
]

/**
 * Returns the category of a sample; `undefined` for idle time. Code of Node and of other libraries
 * counts for the function that called it.
 */
export function categoryOf(stack: readonly Frame[]): string | undefined {
  const innermost = stack[0]?.functionName ?? ''
  if (innermost === '(idle)') return undefined
  const named =
    byInnermost.get(innermost) ?? stack.map((frame) => byCaller.get(frame.functionName)).find(Boolean)
  if (named !== undefined) return named
  for (const frame of stack) {
    const rule = byUrl.find(({ url }) => url.test(frame.url))
    if (rule) return rule.category
  }
  return other
}
