import { describe, expect, test } from 'vitest'
import { readTracestate } from './tracestate.ts'

const list = (count: number): string => Array.from({ length: count }, (_, n) => `k${n}=v`).join(',')

describe('a tracestate', () => {
  test.each([
    ['congo=t61rcWkgMzE', 'congo=t61rcWkgMzE'],
    ['rojo=00f067aa0ba902b7,congo=t61rcWkgMzE', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'],
    [' foo=1 \t,\t bar=2\t', 'foo=1,bar=2'],
    ['foo=1,,\t,bar=2,', 'foo=1,bar=2'],
    ['foo=1, foo=2, bar=3', 'foo=1,bar=3'],
    ['tenant@system=1', 'tenant@system=1'],
    ['0tenant@system=1', '0tenant@system=1'],
    [`${'z'.repeat(256)}=1`, `${'z'.repeat(256)}=1`],
    [`foo=${'v'.repeat(256)}`, `foo=${'v'.repeat(256)}`],
    ['foo= a b', 'foo= a b'],
    [list(32), list(32)],
  ])('the tracestate %j is sent as %j', (header, sent) => {
    expect(readTracestate(header)).toBe(sent)
  })

  test.each([
    [undefined],
    [''],
    [' , '],
    ['foo'],
    ['=1'],
    ['foo='],
    ['foo =1'],
    ['FOO=1'],
    ['foo.bar=1'],
    ['-foo=1'],
    ['foo=bar=baz'],
    ['foo=1;bar=2'.replace(';', '\u0007')],
    ['foo=é'],
    [`${'z'.repeat(257)}=1`],
    [`foo=${'v'.repeat(257)}`],
    ['foo=1,BAD=2'],
    [list(33)],
  ])('the tracestate %j is dropped as a whole', (header) => {
    expect(readTracestate(header)).toBeUndefined()
  })
})
