import fc from 'fast-check'
import { ProblemError } from 'holdfast'
import { describe, expect, test } from 'vitest'
import { inexactNumber, isExactNumber } from '../../../kernel/base/exact-number.ts'
import { numberLiteral } from '../../../kernel/base/number-literal.fixture.ts'
import { maxDepth } from '../../../kernel/base/strict-json/parse-strict-json.ts'
import { parseJson as parseBytes } from './parse-json.ts'

function parseJson(text: string): unknown {
  return parseBytes(new TextEncoder().encode(text))
}

/** Returns the detail of the rejection; `undefined` if the text is accepted. */
function refusalOf(text: string): string | undefined {
  try {
    parseJson(text)
    return undefined
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'bad-request') return error.detail
    throw error
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('JSON', () => {
  test('JSON is parsed as written', () => {
    const value = fc.jsonValue({ maxDepth: 6 }).filter((json) => !JSON.stringify(json).includes('__proto__'))
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2, '\t'), (json, space) => {
        // The values are compared as text, since the test must not trust JSON.parse.
        expect(JSON.stringify(parseJson(JSON.stringify(json, null, space)))).toBe(JSON.stringify(json))
      }),
    )
  })

  test('JSON with invalid syntax is rejected with its position', () => {
    // Small pieces of JSON in any order: most results are invalid, in many different ways.
    const pieces = fc.array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"a"',
        '"b\\n"',
        '"\\u12',
        '"',
        '\\',
        ' ',
        '\n',
        '1',
        '-',
        '0',
        '.5',
        'e',
        'true',
        'nul',
        'é',
      ),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(
        pieces.map((list) => list.join('')),
        (text) => {
          fc.pre(!parses(text))
          expect(refusalOf(text)).toMatch(/: .+ \(line \d+, column \d+\)\.$/)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('JSON that is valid is rejected only for a duplicate name', () => {
    const names = fc.array(fc.constantFrom('a', 'b', 'c', '"', '\\', ':', '{', 'ü', ''), { maxLength: 5 })
    fc.assert(
      fc.property(names, fc.jsonValue({ maxDepth: 3 }), (list, inner) => {
        const text = `[{${list.map((name) => `${JSON.stringify(name)}:${JSON.stringify(inner)}`).join(',')}}]`
        fc.pre(!text.includes('__proto__'))
        const isRepeated = new Set(list).size < list.length
        expect(refusalOf(text) !== undefined).toBe(isRepeated)
      }),
    )
  })

  test.each([
    ['{"a":1,"a":2}', 'duplicate name in an object (line 1, column 8)'],
    ['{"a":1,"\\u0061":2}', 'duplicate name in an object (line 1, column 8)'],
    ['{"a":{"b":1,\n  "b":1}}', 'duplicate name in an object (line 2, column 3)'],
    ['{"a":{"x":1},"a":{}}', 'duplicate name in an object (line 1, column 14)'],
    ['{"__proto__":{}}', 'an object must not have a member named "__proto__" (line 1, column 2)'],
    [
      '[{"a":[{"\\u005f_proto__":1}]}]',
      'an object must not have a member named "__proto__" (line 1, column 9)',
    ],
    ['', 'unexpected end of input, expected a value (line 1, column 1)'],
    ['{"a":', 'unexpected end of input, expected a value (line 1, column 6)'],
    ['{"a" 1}', 'expected a colon (line 1, column 6)'],
    ['{a:1}', 'expected a quoted name (line 1, column 2)'],
    ['{"a":1,}', 'expected a quoted name (line 1, column 8)'],
    ['[1 2]', 'expected a comma or the end of the array (line 1, column 4)'],
    ['{"a":1 "b":2}', 'expected a comma or the end of the object (line 1, column 8)'],
    ['"a', 'unterminated string (line 1, column 1)'],
    ['"a\nb"', 'unescaped control character in a string (line 1, column 3)'],
    ['"\\x"', 'invalid escape sequence in a string (line 1, column 3)'],
    ['01', 'unexpected text after the value (line 1, column 2)'],
    ['NaN', 'expected a value (line 1, column 1)'],
    ['{"a":[1e400]}', 'the number is too large (line 1, column 7)'],
    ['-1e400', 'the number is too large (line 1, column 1)'],
    ['{"a":9007199254740993}', `${inexactNumber} (line 1, column 6)`],
    ['[-9007199254740993]', `${inexactNumber} (line 1, column 2)`],
    ['0.10000000000000001', `${inexactNumber} (line 1, column 1)`],
    ['1e-400', `${inexactNumber} (line 1, column 1)`],
    ['{"\\u0061":18446744073709551616}', `${inexactNumber} (line 1, column 11)`],
    ['\ufeff{}', 'expected a value (line 1, column 1)'],
  ])('the JSON text %j is refused: %s', (text, reason) => {
    expect(refusalOf(text)).toBe(`The body is not valid JSON: ${reason}.`)
  })

  test('numbers in JSON are parsed to the same value in both ways, or rejected in both', () => {
    fc.assert(
      fc.property(numberLiteral, (literal) => {
        // A name with an escape takes the slow path.
        const [quick, slow] = [`{"n":${literal}}`, `{"\\u006e":${literal}}`]
        const isAccepted = isExactNumber(literal)
        expect([quick, slow].map((text) => refusalOf(text) === undefined)).toEqual([isAccepted, isAccepted])
        expect(isAccepted ? parseJson(quick) : undefined).toEqual(isAccepted ? parseJson(slow) : undefined)
      }),
      { numRuns: 1_000 },
    )
  })

  test('invalid JSON is rejected without quoting it', () => {
    expect(refusalOf('{"password":"hunter2","password":"hunter2"}')).not.toContain('hunter2')
    expect(refusalOf('{"password":"hunter2')).not.toMatch(/hunter2|password/)
  })

  test('JSON is limited in depth', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
    expect(refusalOf(nested(maxDepth))).toBeUndefined()
    expect(refusalOf(nested(maxDepth + 1))).toContain('nested deeper than 100 levels')
    expect(refusalOf(nested(500_000))).toContain('nested deeper than 100 levels')
    expect(refusalOf('{"a":'.repeat(500_000))).toContain('nested deeper than 100 levels')
  })

  // https://github.com/nodejs/node/issues/63785
  test('JSON keeps its names, regardless of texts that were parsed earlier', () => {
    for (const [before, text, names] of [
      ['{"h":[],"\\\\":0}', '{"h":1,"\\n":2}', ['h', '\n']],
      ['{"i":[],"\\\\":0}', '{"i":1,"\\"":2}', ['i', '"']],
      ['{"j":[],"\\\\":0}', '{"j":1,"\\u0061":2}', ['j', 'a']],
      ['{"k":[],"\\\\u":0}', '{"k":1,"\\u0061b":2}', ['k', 'ab']],
    ] as const) {
      parseJson(before)
      expect(Object.keys(parseJson(text) as object)).toEqual(names)
    }
  })

  test('JSON that was parsed does not affect other readers', () => {
    parseJson('{"m":[],"\\\\":0}')
    expect(Object.keys(JSON.parse('{"m":1,"\\n":2}') as object)).toEqual(['m', '\n'])
  })

  test('escapes in JSON are decoded', () => {
    expect(parseJson('{"\\u0061\\n":"\\ud83d\\ude00\\/","n":[-0.5e2,true,false,null,{}],"":[]}')).toEqual({
      'a\n': '😀/',
      n: [-50, true, false, null, {}],
      '': [],
    })
  })

  test('JSON may have names of properties that objects inherit', () => {
    expect(parseJson('{"constructor":1,"toString":{"prototype":2}}')).toEqual({
      constructor: 1,
      toString: { prototype: 2 },
    })
  })
})
