import { describe, expect, test } from 'vitest'
import { createSchemaComponents } from './schema-components.ts'

const text = { type: 'string' }
const flag = { type: 'boolean' }

describe('a component', () => {
  test('a component keeps its name for the same schema, and gets another name for a different schema', () => {
    const components = createSchemaComponents()
    expect(components.add(text, 'Tag')).toEqual({ $ref: '#/components/schemas/Tag' })
    expect(components.add(text, 'Tag', 'Problem')).toEqual({ $ref: '#/components/schemas/Tag' })
    expect(components.add(flag, 'Tag', 'Problem')).toEqual({ $ref: '#/components/schemas/TagProblem' })
    expect(components.add({ type: 'null' }, 'Tag', 'Problem')).toEqual({
      $ref: '#/components/schemas/TagProblem2',
    })
  })

  test('a component never has a name that differs from another only in case or punctuation', () => {
    const components = createSchemaComponents()
    components.add(text, 'OrderLine')
    components.add(flag, 'order_line')
    components.add({ type: 'null' }, 'order-line')
    expect(Object.keys(components.all())).toEqual(['OrderLine', 'order-line3', 'order_line2'])
  })
})

describe('a pattern', () => {
  test('a pattern that not every engine accepts is kept as a comment', () => {
    const components = createSchemaComponents()
    expect(components.embed({ type: 'string', pattern: '^\\p{L}+$' }, 'Name')).toEqual({
      type: 'string',
      $comment: 'Must also match the JavaScript regular expression /^\\p{L}+$/u.',
    })
  })

  test('a pattern of property names is rewritten for every engine, and never omitted', () => {
    const components = createSchemaComponents()
    const schema = { type: 'object', patternProperties: { '^\\P{Cc}$': text, '^\\p{L}$': flag } }
    expect(components.embed(schema, 'Names').patternProperties).toEqual({
      '^[^\\x00-\\x1f\\x7f-\\x9f]$': text,
      '^\\p{L}$': flag,
    })
  })
})
