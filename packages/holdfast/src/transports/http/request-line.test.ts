import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonMembers } from '../../kernel/base/log.ts'
import { parseRoute } from '../../kernel/operation/route.ts'
import { unrecordedSpan } from '../../kernel/telemetry/span.ts'
import { continueTrace } from '../../kernel/telemetry/trace-context.ts'
import { readRequestId } from './request/request-id.ts'
import { RequestLine } from './request-line.ts'

test('the fields of a request are formatted as JSON.stringify formats them', () => {
  fc.assert(
    fc.property(
      fc.record({
        operation: fc.string({ unit: 'binary' }),
        path: fc.string({ unit: 'binary' }),
        status: fc.integer({ min: 100, max: 599 }),
        id: fc.string({ unit: 'binary' }),
        durationMs: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
        statements: fc.nat(),
      }),
      ({ operation, path, status, id, durationMs, statements }) => {
        const route = parseRoute(`GET /${path}`)
        const fields = new RequestLine({ operation, route, method: 'GET', status }).fieldsOf(
          {
            requestId: readRequestId(id),
            span: unrecordedSpan(continueTrace(undefined)),
            usage: { statements, databaseMs: 0 },
            startedMs: 0,
            route,
            operation,
            cacheControl: 'no-cache',
          },
          durationMs,
        ) as { [jsonMembers](): string }
        const formatted = fields[jsonMembers]()
        expect(formatted).toBe(`,${JSON.stringify(fields).slice(1, -1)}`)
        expect(Object.keys(fields)).toEqual(Object.keys(JSON.parse(`{${formatted.slice(1)}}`) as object))
      },
    ),
  )
})
