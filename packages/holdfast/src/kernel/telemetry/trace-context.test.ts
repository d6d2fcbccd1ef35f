import { describe, expect, test } from 'vitest'
import { continueTrace, toTraceparent } from './trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'

describe('a traceparent', () => {
  test('a traceparent is continued with a new span', () => {
    const trace = continueTrace(`00-${traceId}-${spanId}-01`)
    expect(trace).toMatchObject({ traceId, parentSpanId: spanId, sampled: true })
    expect(trace.spanId).toMatch(/^[0-9a-f]{16}$/)
    expect(trace.spanId).not.toBe(spanId)
    expect(toTraceparent(trace)).toBe(`00-${traceId}-${trace.spanId}-01`)
  })

  test('a traceparent of a later version is parsed as far as it is known', () => {
    expect(continueTrace(`cc-${traceId}-${spanId}-00-more`)).toMatchObject({ traceId, sampled: false })
  })

  test('a traceparent keeps its tracestate and its random flag, and drops other flags', () => {
    const trace = continueTrace(`00-${traceId}-${spanId}-fe`, 'congo=1 ,rojo=2')
    expect(trace).toMatchObject({ sampled: false, isRandom: true, tracestate: 'congo=1,rojo=2' })
    expect(toTraceparent(trace)).toBe(`00-${traceId}-${trace.spanId}-02`)
    expect(continueTrace(`00-${traceId}-${spanId}-01`, 'NOT=valid')).not.toHaveProperty('tracestate')
    expect(continueTrace('nonsense', 'congo=1')).not.toHaveProperty('tracestate')
    expect(continueTrace(undefined, 'congo=1')).not.toHaveProperty('tracestate')
  })

  test.each([
    undefined,
    '',
    'nonsense',
    `00-${traceId}-${spanId}`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${traceId}-${spanId}-01-`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId}-${spanId}-.1`,
    `00-${traceId.slice(1)}-${spanId}-01`,
    `00-${traceId}0-${spanId}-01`,
    `00-${traceId}-${spanId.slice(1)}-01`,
    `00-${traceId}-${spanId}0-01`,
    `0-${traceId}-${spanId}-01`,
    `000-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId.toUpperCase()}-01`,
    `00_${traceId}_${spanId}_01`,
    `cc-${traceId}-${spanId}-01.more`,
    `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`,
    `cc-${traceId}-${spanId}-01-x, cc-${traceId}-${spanId}-01-x`,
  ])('the traceparent %j starts a new trace', (header) => {
    const trace = continueTrace(header)
    expect(trace.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/)
    expect(trace.traceId).not.toBe(traceId)
    expect(trace).not.toHaveProperty('parentSpanId')
  })
})
