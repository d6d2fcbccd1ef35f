import { describe, expect, test } from 'vitest'
import { PreparedStatements } from './prepared-statements.ts'

describe('prepared statements', () => {
  test('a statement is prepared from its second run on, under its own name', () => {
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
  ])('the statement %j is not prepared', (text) => {
    const prepared = new PreparedStatements()
    prepared.nameOf(text)
    expect(prepared.nameOf(text)).toBeUndefined()
  })

  test.each([
    '  select 1;\n',
    '/* why */ WITH a as (select 1) select * from a',
    '-- why\nInsert into a values (1)',
  ])('the statement %j is prepared', (text) => {
    const prepared = new PreparedStatements()
    prepared.nameOf(text)
    expect(prepared.nameOf(text)).toBeDefined()
  })

  test('a statement is not prepared if too many statements are prepared', () => {
    const prepared = new PreparedStatements()
    const names = Array.from({ length: 600 }, (_, n) => {
      prepared.nameOf(`select ${n}`)
      return prepared.nameOf(`select ${n}`)
    })
    expect(names.filter((name) => name !== undefined)).toHaveLength(500)
  })

  test('a statement with a name is prepared at its first run, under a name that contains the given name', () => {
    const prepared = new PreparedStatements()
    const name = prepared.nameOf('select 1', 'mine')
    expect(name).toMatch(/^mine_/)
    expect(prepared.nameOf('select 1', 'mine')).toBe(name)
    expect(prepared.nameOf('select 2', 'mine')).not.toBe(name)
    expect(prepared.nameOf('select 3', 'm'.repeat(63))!.length).toBeLessThan(63)
  })

  test('a statement of the framework is always prepared', () => {
    const prepared = new PreparedStatements()
    for (let n = 0; n < 600; n += 1) prepared.nameOf(`select ${n}`, 'mine')
    expect(prepared.nameOf('select a', 'mine')).toBeUndefined()
    expect(prepared.nameOf('select b', 'holdfast_b')).toBeDefined()
  })

  test('a statement is prepared under another name after its name was retired, up to a limit', () => {
    const prepared = new PreparedStatements()
    const names = new Set<string>()
    for (let times = 0; times < 3; times += 1) {
      const name = prepared.nameOf('select 1', 'mine')!
      names.add(name)
      prepared.retire('select 1', name)
      // Another statement failed under the same name.
      prepared.retire('select 1', name)
    }
    expect(names.size).toBe(3)
    expect(prepared.nameOf('select 1', 'mine')).toBeUndefined()
    prepared.noteSchemaEpoch(1)
    prepared.noteSchemaEpoch(2)
    expect(prepared.nameOf('select 1', 'mine')).toBeDefined()
  })

  test('a session is outdated after too many names were retired', () => {
    const prepared = new PreparedStatements()
    const session = {}
    prepared.enter(session)
    for (let n = 0; n < 1_100; n += 1) {
      expect(prepared.isOutdated(session)).toBe(n > 1_000)
      prepared.retire(`select ${n}`, prepared.nameOf(`select ${n}`, 'mine')!)
    }
  })

  test('a statement is prepared under another name after all names were renewed', () => {
    const prepared = new PreparedStatements()
    prepared.nameOf('select 1')
    const before = prepared.nameOf('select 1')
    prepared.renew()
    expect(prepared.nameOf('select 1')).toBeUndefined()
    expect(prepared.nameOf('select 1')).not.toBe(before)
  })
})
