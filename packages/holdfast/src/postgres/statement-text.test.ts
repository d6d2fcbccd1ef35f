import { describe, expect, test } from 'vitest'
import { nameStatement } from './statement-text.ts'

describe('a statement', () => {
  test.each([
    ['select id from accounts where id = $1', 'SELECT', 'SELECT accounts'],
    [
      '  -- why\n/* and how */ INSERT INTO public.transfers (id) values ($1)',
      'INSERT',
      'INSERT public.transfers',
    ],
    ['update only "Accounts" set balance = $1', 'UPDATE', 'UPDATE "Accounts"'],
    ['with moved as (delete from a returning *) select * from moved', 'WITH', 'WITH a'],
    ['BEGIN ISOLATION LEVEL read committed', 'BEGIN', 'BEGIN'],
    ['', 'UNKNOWN', 'UNKNOWN'],
  ])('%j is called by its first word and relation', (text, operation, summary) => {
    expect(nameStatement(text, true)).toMatchObject({ operation, summary })
  })

  test.each([
    ["select * from a where name = 'Ada' and note = 'it''s'", 'select * from a where name = ? and note = ?'],
    [String.raw`select E'a\'b', 'c'`, 'select ?, ?'],
    ["select $$Ada$$, $q$it's$q$", 'select ?, ?'],
    ["select 'Ada", 'select ?'],
    ['select $q$Ada', 'select ?'],
    ['select a$b$c from d where e = 1', 'select a$b$c from d where e = ?'],
    ['select 12, 1.5e3, $1, t1.c2 from t1', 'select ?, ?, $1, t1.c2 from t1'],
  ])('%j without parameters is shown without its values', (text, shown) => {
    expect(nameStatement(text, false).text).toBe(shown)
  })

  test('with parameters is shown as it is', () => {
    const text = "select * from a where state = 'open' and id = $1"
    expect(nameStatement(text, true).text).toBe(text)
  })

  test('that is very long is cut', () => {
    expect(nameStatement(`select ${'a, '.repeat(5_000)} b`, true).text.length).toBe(4_097)
  })
})
