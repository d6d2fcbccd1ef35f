import { AssertionError } from 'node:assert'
import { STATUS_CODES } from 'node:http'
import { findDifference, matchesText } from './match.ts'
import type { Exchange } from './parse-exchange.ts'

/** Sends a request to a test service. */
export type Fetch = (path: string, init: RequestInit) => Promise<Response>

/** The response: its JSON members, and its header fields as `headers`. */
export type Received = Readonly<Record<string, unknown>>

/** Sends the request of an exchange. Throws if the response differs from the one in the page. */
export async function runExchange(exchange: Exchange, fetch: Fetch): Promise<Received> {
  const response = await fetch(exchange.target, {
    method: exchange.method,
    headers: exchange.fields.map(({ name, value }): [string, string] => [name, value]),
    ...(exchange.body === '' ? {} : { body: exchange.body }),
  })
  const found = await response.text()
  const { answer } = exchange
  const status = `${response.status} ${STATUS_CODES[response.status]}`
  if (status !== answer.status) {
    throw mismatch('status', answer.line, { expected: answer.status, found: `${status}\n\n${found}` })
  }
  for (const { name, value, line } of answer.fields) {
    const actual = response.headers.get(name) ?? '(none)'
    if (!matchesText(value, actual))
      throw mismatch(`header ${name}`, line, { expected: value, found: actual })
  }
  checkBody(answer.body, found, answer.bodyLine)
  return { ...toMembers(found), headers: Object.fromEntries(response.headers) }
}

function checkBody(expected: string, found: string, line: number): void {
  const isJson = /^[[{]/.test(expected) && /^[[{]/.test(found)
  if (!isJson) {
    if (!matchesText(expected, found.trim())) throw mismatch('body', line, { expected, found })
    return
  }
  const place = findDifference(JSON.parse(expected), JSON.parse(found))
  if (place === undefined) return
  throw mismatch(`body, at ${place || 'its root'}`, line, {
    expected,
    found: JSON.stringify(JSON.parse(found), null, 2),
  })
}

function toMembers(body: string): Received {
  return body.startsWith('{') ? (JSON.parse(body) as Received) : {}
}

function mismatch(
  what: string,
  line: number,
  { expected, found }: Record<'expected' | 'found', string>,
): AssertionError {
  const message = `line ${line}: the ${what} is not what the page shows`
  return new AssertionError({
    message: `${message}\nexpected: ${expected}\nfound: ${found}`,
    expected,
    actual: found,
  })
}
