import { HoldfastError } from '../base/holdfast-error.ts'
import type { Answer } from './answer.ts'
import { isToken } from './http-token.ts'
import type { Operation } from './operation.ts'
import { Redirect } from './redirects.ts'
import type { ResponseParts } from './respond.ts'

/*
 * The headers, cookies and redirects that an operation declares, and those that its handler
 * returns. Only declared ones are sent.
 */

/** Headers that the framework sets, or that have a separate option. */
const reservedHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'etag',
  'idempotency-replayed',
  'keep-alive',
  'link',
  'location',
  'set-cookie',
  'trailer',
  'transfer-encoding',
  'traceparent',
  'upgrade',
  'x-request-id',
])

// RFC 9110 section 5.5 recommends visible ASCII, spaces and tabs for new fields.
const valueForm = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

/** Returns the issues of the headers and cookies that an operation declares. */
export function findResponseIssues({ headers, cookies }: Operation): readonly string[] {
  const issues: string[] = []
  const seen = new Set<string>()
  for (const [name, description] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (!isToken(name)) issues.push(`its response header ${JSON.stringify(name)} is not a valid name`)
    else if (reservedHeaders.has(lower)) issues.push(`its response header ${name} is set by the framework`)
    else if (seen.has(lower)) issues.push(`its response header ${name} is declared twice`)
    if (description.trim() === '') issues.push(`its response header ${name} needs a description`)
    seen.add(lower)
  }
  const names = cookies.map(({ name }) => name)
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined) issues.push(`its cookie "${repeated}" is declared twice`)
  return issues
}

/**
 * Returns the answer that redirects a client.
 *
 * @throws HoldfastError `response-undeclared` if the operation does not declare the redirects.
 */
export function toRedirect(redirect: Redirect, operation: Operation): Answer {
  const { redirects, location } = Redirect.partsOf(redirect)
  if (operation.redirects !== redirects) {
    throw responseUndeclared(operation, 'a redirect', '`redirects`')
  }
  return { status: redirects.status, headers: { location }, body: null }
}

/**
 * Adds headers and cookies to an answer. An answer with cookies is not cached.
 *
 * @throws HoldfastError `response-undeclared` if the operation does not declare them, and
 * `header-invalid` if a value cannot be sent.
 */
export function withResponseParts(
  answer: Answer,
  { headers = {}, cookies = [] }: ResponseParts,
  operation: Operation,
): Answer {
  const declared = new Set(Object.keys(operation.headers).map((name) => name.toLowerCase()))
  const added: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (!declared.has(lower)) throw responseUndeclared(operation, `the header ${name}`, '`headers`')
    if (!valueForm.test(value)) throw headerInvalid(operation, name)
    added[lower] = value
  }
  for (const { cookie } of cookies) {
    if (operation.cookies.includes(cookie)) continue
    throw responseUndeclared(operation, `the cookie ${cookie.name}`, '`cookies`')
  }
  if (cookies.length === 0) return { ...answer, headers: { ...answer.headers, ...added } }
  return {
    ...answer,
    headers: { ...answer.headers, ...added, 'cache-control': 'no-store' },
    cookies: cookies.map((field) => field.toHeader()),
  }
}

function responseUndeclared(operation: Operation, part: string, option: string): HoldfastError {
  return new HoldfastError(
    'response-undeclared',
    `${describe(operation)} returned ${part}, which it does not declare. Add it to ${option} of the operation.`,
  )
}

function headerInvalid(operation: Operation, name: string): HoldfastError {
  return new HoldfastError(
    'header-invalid',
    `${describe(operation)} returned a value for the header ${name} that cannot be sent. Use visible ASCII characters, with spaces and tabs only between them.`,
  )
}

function describe({ route, definedAt }: Operation): string {
  return `${route.method} ${route.path} (${definedAt})`
}
