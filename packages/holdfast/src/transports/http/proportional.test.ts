import { describe, test } from 'vitest'
import { expectProportional } from '../../../test/expect-proportional.ts'
import { parseKey } from '../../effects/idempotency/key.ts'
import { isExactNumber } from '../../kernel/base/exact-number.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import { createRedactor } from '../../kernel/base/redact.ts'
import { continueTrace } from '../../kernel/telemetry/trace-context.ts'
import { describeStatement } from '../../storage/postgres/statement/statement-text.ts'
import { verifyWebhook } from '../../effects/webhooks/verify-webhook.ts'
import { qualityOf } from './request/accept.ts'
import { matchesEtag } from './answer/etag.ts'
import { checkMediaType } from './request/media-type.ts'
import { parseJson } from './request/parse-json.ts'
import { parseQueryString } from './request/query-string.ts'
import { parseTarget } from './request/target.ts'

// Clients choose the length of bodies, header fields and targets. The time to parse them must grow
// linearly, even for input crafted to cause searching or backtracking.

type Work = (text: string) => unknown

/**
 * Returns a function that creates a text of about the given length: `start`, then `part` repeated,
 * then `end`.
 */
function repeated(part: string, start = '', end = ''): (length: number) => string {
  return (length) => start + part.repeat(Math.ceil(length / part.length)) + end
}

function refusing(work: Work): Work {
  return (text) => {
    try {
      return work(text)
    } catch (error) {
      if (error instanceof ProblemError) return undefined
      throw error
    }
  }
}

describe('a body of', () => {
  const bodies: Readonly<Record<string, (length: number) => string>> = {
    numbers: repeated('1,', '{"v":[', '1]}'),
    'long numbers': repeated('0.12345678901234567,', '[', '1]'),
    'one long number': repeated('10', '[', ']'),
    'one long number that is mostly zeros': repeated('0', '[1', '1]'),
    objects: repeated('{"a":1,"b":"c"},', '[', '{}]'),
    'many names': (length) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: length / 12 }, (_, index) => [`n${index}`, 1]))),
    'names with escapes': repeated('{"\\u0061":1},', '[', '{}]'),
    'a duplicate name at the end': repeated('{"a":1},', '[', '{"a":1,"a":1}]'),
    text: repeated('abc', '"', '"'),
    quotes: repeated('\\"', '"', '"'),
    backslashes: repeated('\\\\', '"', '"'),
    'backslashes without an end': repeated('\\', '"'),
    blanks: repeated(' ', '{', '}'),
    lines: repeated('\n', '[', 'x'),
    brackets: repeated('['),
    colons: repeated(':'),
  }
  test.each(Object.entries(bodies))('a body is read in linear time: %s', (_name, make) => {
    const encoder = new TextEncoder()
    expectProportional(
      refusing((text) => parseJson(encoder.encode(text))),
      make,
      32_768,
    )
  })
})

describe('a text is parsed by', () => {
  const redactor = createRedactor()
  const header = (text: string) => () => text
  const works: Readonly<Record<string, readonly [Work, readonly ReturnType<typeof repeated>[]]>> = {
    'the target': [parseTarget, [repeated('/a'), repeated('/%61'), repeated('%', '/'), repeated('?', '/')]],
    'the query string': [
      parseQueryString,
      [repeated('a=b&'), repeated('&'), repeated('+', 'a='), repeated('='), repeated('%', 'a=')],
    ],
    Accept: [
      (text) => qualityOf(text, 'application/json'),
      [repeated('a/b,'), repeated(' ', 'a/b', ';'), repeated(';q', '*/*'), repeated('; ', 'a/b;q=0.5')],
    ],
    'Content-Type': [
      (text) => checkMediaType({ header: header(text) } as never),
      [repeated(' ', 'application/json;', 'x'), repeated(';charset', 'application/json'), repeated('; ')],
    ],
    'If-None-Match': [(text) => matchesEtag(text, '"0123456789"'), [repeated('"'), repeated('"012345678')]],
    'Idempotency-Key': [
      parseKey,
      [repeated('a'), repeated('\\"', '"', '"'), repeated('\\"', '"'), repeated(' ', '"a"', 'x')],
    ],
    traceparent: [continueTrace, [repeated('-', `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01`)]],
    'Webhook-Signature': [
      (text) =>
        verifyWebhook(
          {
            header: (name) =>
              ({ 'webhook-id': '1', 'webhook-timestamp': '0', 'webhook-signature': text })[name],
            body: new Uint8Array(),
          },
          { secrets: ['whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz'], nowMs: 0 },
        ),
      [repeated('v1,AAAA '), repeated(' '), repeated('v1,')],
    ],
    'the redaction of a log': [
      (text) => redactor.text(text),
      [
        repeated('a://b:c'),
        repeated('://', '', ':'),
        repeated(':', 'a://'),
        repeated('token='),
        repeated('Bearer '),
        repeated(' ', 'Bearer'),
        repeated('api_key_'),
      ],
    ],
    'the description of a statement': [
      (text) => describeStatement(text, false),
      [
        (length) => Array.from({ length: length / 8 }, (_, index) => `$a${index}$`).join(' '),
        repeated("'"),
        repeated("\\'e", "select e'"),
        repeated('/*'),
        repeated('from '),
        repeated(' ', 'select', '('),
      ],
    ],
    'the check of a number': [isExactNumber, [repeated('0', '1', '1'), repeated('0', '0.', '1')]],
  }
  test.each(Object.entries(works))('a text is parsed in linear time by %s', (_name, [work, makes]) => {
    for (const make of makes) expectProportional(refusing(work), make, 2_048)
  })
})
