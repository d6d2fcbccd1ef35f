import fc from 'fast-check'
import { loadModule, scanSync } from 'libpg-query'
import { beforeAll, describe, expect, test } from 'vitest'
import { SqlLexer, type SqlTokenKind } from './sql-lexer.ts'

beforeAll(() => loadModule())

type Lexed = readonly (readonly [kind: SqlTokenKind, token: string])[]

function lex(text: string): Lexed {
  const lexer = new SqlLexer(text)
  const tokens: [SqlTokenKind, string][] = []
  while (lexer.next()) tokens.push([lexer.kind, lexer.token])
  return tokens
}

/**
 * Returns the tokens of the Postgres parser, without comments; `undefined` if it rejects the text.
 */
function scan(text: string): readonly string[] | undefined {
  try {
    const { tokens } = scanSync(text)
    const bytes = Buffer.from(text)
    return tokens
      .filter(({ tokenName }) => tokenName !== 'SQL_COMMENT' && tokenName !== 'C_COMMENT')
      .map(({ start, end }) => bytes.subarray(start, end).toString())
  } catch {
    return undefined
  }
}

describe('splitting', () => {
  test.each<[string, Lexed]>([
    ['/* a /* b */ c */ commit', [['word', 'commit']]],
    ['-- a\rcommit', [['word', 'commit']]],
    ['/*/**/*/x', [['word', 'x']]],
    [`'a''b'`, [['string', `'a''b'`]]],
    [
      `'a' \n'b' 'c'`,
      [
        ['string', `'a' \n'b'`],
        ['string', `'c'`],
      ],
    ],
    [
      `'a\\' 'b'`,
      [
        ['string', `'a\\'`],
        ['string', `'b'`],
      ],
    ],
    [
      `E'a\\''\n'\\'b' e''`,
      [
        ['string', `E'a\\''\n'\\'b'`],
        ['string', `e''`],
      ],
    ],
    [
      `U&'d\\0061' U&"d\\0061"`,
      [
        ['string', `U&'d\\0061'`],
        ['unicode-quoted', `U&"d\\0061"`],
      ],
    ],
    [
      `B'1' x'f'`,
      [
        ['string', `B'1'`],
        ['string', `x'f'`],
      ],
    ],
    [
      `n'a'`,
      [
        ['word', 'n'],
        ['string', `'a'`],
      ],
    ],
    [
      `$a$ $$ 'x $a$ $$;$$`,
      [
        ['string', `$a$ $$ 'x $a$`],
        ['string', '$$;$$'],
      ],
    ],
    [
      'a$b$ $1',
      [
        ['word', 'a$b$'],
        ['parameter', '$1'],
      ],
    ],
    [
      '"a""b" größe',
      [
        ['quoted', '"a""b"'],
        ['word', 'größe'],
      ],
    ],
    [
      'a+-1',
      [
        ['word', 'a'],
        ['operator', '+'],
        ['operator', '-'],
        ['number', '1'],
      ],
    ],
    [
      'a@-b',
      [
        ['word', 'a'],
        ['operator', '@-'],
        ['word', 'b'],
      ],
    ],
    [
      'a*/*b*/c',
      [
        ['word', 'a'],
        ['operator', '*'],
        ['word', 'c'],
      ],
    ],
    [
      'a<--b',
      [
        ['word', 'a'],
        ['operator', '<'],
      ],
    ],
    [
      '1..2 1.5e-3 0x1f .5',
      [
        ['number', '1'],
        ['operator', '..'],
        ['number', '2'],
        ['number', '1.5e-3'],
        ['number', '0x1f'],
        ['number', '.5'],
      ],
    ],
    [
      'a::b;',
      [
        ['word', 'a'],
        ['operator', '::'],
        ['word', 'b'],
        ['semicolon', ';'],
      ],
    ],
  ])('%j', (text, tokens) => {
    expect(lex(text)).toEqual(tokens)
    expect(scan(text)).toEqual(tokens.map(([, token]) => token))
  })

  // libpg-query differs from Postgres here: it treats comments as tokens.
  test('a string that continues after a comment is split as by Postgres', () => {
    const text = `'a' -- why\n -- and how\n 'b'`
    expect(lex(text)).toEqual([['string', text]])
  })

  test.each([`'a`, `E'a\\'`, '"a', '/* /* */', '$a$ $b$', `x'1`, `'a'\n'b`, `U&"`])(
    'a text with an unterminated part is split as by Postgres: %j',
    (text) => expect(lex(text).at(-1)?.[0]).toBe('unterminated'),
  )

  test('any sequence of characters is split as by Postgres', () => {
    const piece = fc.constantFrom(
      ...`' '' " "" \\ $ $$ $a$ $1 ; : :: := . .. , ( ) [ ] / * /* */ - -- + < > = <= => <> != @ # ^ & | ? % ~ ! \` _ a b e E'' x u& U&' U&" n' b' 0 1 12 0x1 0b1 1_0 1e5 e5 é 界`.split(
        ' ',
      ),
      ' ',
      '\n',
      '\r',
      '\t',
      '\v',
      '\f',
      'select',
      'uescape',
    )
    let accepted = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = pieces.join('')
        const tokens = lex(text)
        const expected = scan(text)
        if (expected === undefined || /'\s*--/.test(text)) return
        accepted += 1
        expect(tokens.map(([, token]) => token)).toEqual(expected)
      }),
      { numRuns: 5_000 },
    )
    expect(accepted).toBeGreaterThan(500)
  })

  test('a long text is split in time proportional to its length', () => {
    for (const part of [`'a'`, '/*', '$a$', '+-', '--\n'])
      expect(() => lex(part.repeat(200_000))).not.toThrow()
  })
})
