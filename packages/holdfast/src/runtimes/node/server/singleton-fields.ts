import type { ProblemError } from '../../../kernel/problem/problem.ts'
import { BadRequest } from '../../../kernel/problem/problems.ts'

/**
 * The request headers that are not lists. A request may contain each of them only once (RFC 9110
 * section 5.3). If such a header is repeated, node:http usually uses the first and drops the
 * others, while a proxy or a firewall may have used the last. `Content-Length` is not in this list,
 * because node:http itself rejects a second `Content-Length`.
 */
const singletons = [
  'Authorization',
  'Content-Location',
  'Content-Range',
  'Content-Type',
  'Date',
  'From',
  'Host',
  'If-Modified-Since',
  'If-Range',
  'If-Unmodified-Since',
  'Max-Forwards',
  'Proxy-Authorization',
  'Range',
  'Referer',
  'User-Agent',
]

interface Singleton {
  readonly name: string
  /** The field's bit in the set of seen fields; a bit set avoids an allocation per request. */
  readonly bit: number
}

const byLowerCase: ReadonlyMap<string, Singleton> = new Map(
  singletons.map((name, index) => [name.toLowerCase(), { name, bit: 1 << index }]),
)

/** Returns the rejection of a request that repeats a singleton field; otherwise `undefined`. */
export function checkSingletons(rawHeaders: readonly string[]): ProblemError | undefined {
  let seen = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const field = byLowerCase.get(rawHeaders[index]!.toLowerCase())
    if (!field) continue
    if ((seen & field.bit) !== 0) {
      return BadRequest({ detail: `The request has more than one ${field.name} header.` })
    }
    seen |= field.bit
  }
  return undefined
}
