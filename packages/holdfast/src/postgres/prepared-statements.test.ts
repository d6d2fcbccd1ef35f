import { describe, expect, test } from 'vitest'
import { PreparedStatements } from './prepared-statements.ts'

describe('statements are prepared', () => {
  test('from the second time on, each under a name of its own', () => {
    const prepared = new PreparedStatements()
    const twice = (text: string): (string | undefined)[] => [prepared.nameOf(text), prepared.nameOf(text)]
    const [first, second] = [twice('select 1'), twice('select 2')]
    expect([first[0], second[0]]).toEqual([undefined, undefined])
    expect(first[1]).toMatch(/^holdfast_auto_/)
    expect(second[1]).toMatch(/^holdfast_auto_/)
    expect(first[1]).not.toBe(second[1])
    expect(prepared.nameOf('select 1')).toBe(first[1])
  })

  test.each([
    'savepoint a',
    'set local role x',
    'lock table a',
    'select 1; select 2',
    '',
    'explain select 1',
  ])('but not %j', (text) => {
    const prepared = new PreparedStatements()
    prepared.nameOf(text)
    expect(prepared.nameOf(text)).toBeUndefined()
  })

  test.each([
    '  select 1;\n',
    '/* why */ WITH a as (select 1) select * from a',
    '-- why\nInsert into a values (1)',
  ])('and so is %j', (text) => {
    const prepared = new PreparedStatements()
    prepared.nameOf(text)
    expect(prepared.nameOf(text)).toBeDefined()
  })

  test('as long as there are not too many', () => {
    const prepared = new PreparedStatements()
    const names = Array.from({ length: 600 }, (_, n) => {
      prepared.nameOf(`select ${n}`)
      return prepared.nameOf(`select ${n}`)
    })
    expect(names.filter((name) => name !== undefined)).toHaveLength(500)
  })

  test('under other names once they are renewed', () => {
    const prepared = new PreparedStatements()
    prepared.nameOf('select 1')
    const before = prepared.nameOf('select 1')
    prepared.renew()
    expect(prepared.nameOf('select 1')).toBeUndefined()
    expect(prepared.nameOf('select 1')).not.toBe(before)
  })
})
