import { describe, expect, test } from 'vitest'
import { describeStatement } from './statement-text.ts'

describe('names of statements', () => {
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
    ['(select id from only public . accounts)', 'SELECT', 'SELECT public.accounts'],
    ['/* a /* from b */ */ delete from c', 'DELETE', 'DELETE c'],
    ["select 'from a' from b", 'SELECT', 'SELECT b'],
    ['', 'UNKNOWN', 'UNKNOWN'],
  ])('the statement %j is named by its first word and relation', (text, operation, summary) => {
    expect(describeStatement(text, true)).toMatchObject({ operation, summary })
  })

  test.each([
    ["select * from a where name = 'Ada' and note = 'it''s'", 'select * from a where name = ? and note = ?'],
    [String.raw`select E'a\'b', 'c'`, 'select ?, ?'],
    ["select $$Ada$$, $q$it's$q$", 'select ?, ?'],
    ['select $q$Ada', 'select ?'],
    ['select a$b$c from d where e = 1', 'select a$b$c from d where e = ?'],
    [String.raw`select U&'\0041', B'1', E'a'${'\n'}'\'b'`, 'select ?, ?, ?'],
    [String.raw`select 'c:\', 'Ada'`, 'select ?, ?'],
    ["select 'Ada", 'select ?'],
    ['select 12, 1.5e3, $1, t1.c2 from t1', 'select ?, ?, $1, t1.c2 from t1'],
  ])('the statement %j without parameters is shown without its values', (text, redactedText) => {
    expect(describeStatement(text, false).text).toBe(redactedText)
  })

  test('a statement with parameters is shown unchanged', () => {
    const text = "select * from a where state = 'open' and id = $1"
    expect(describeStatement(text, true).text).toBe(text)
  })

  test('a very long statement is truncated', () => {
    for (const hasValues of [true, false])
      expect(describeStatement(`select ${"a, 'b', ".repeat(5_000)} b`, hasValues).text.length).toBe(4_097)
    expect(describeStatement(`select '${'Ada'.repeat(5_000)}'`, false).text).toBe('select ?')
  })
})
