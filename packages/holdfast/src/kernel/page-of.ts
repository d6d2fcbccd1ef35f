import { type JsonSchema, moveInto } from './json-schema.ts'
import { defaultMaxLimit, type Page, type PagingStyle } from './page.ts'
import { type OutputOf, type Schema, type SchemaIssue, toJsonSchema, validate } from './schema.ts'

/** Options of {@link pageOf}. */
export interface PageOfOptions<Style extends PagingStyle = 'cursor'> {
  /** The most items that a page holds. Default 100. */
  readonly max?: number
  /** That of {@link paged}. Default `'cursor'`. */
  readonly style?: Style
}

const mostColumns = 16

const marks: Readonly<Record<PagingStyle, JsonSchema>> = {
  cursor: { type: 'string' },
  keyset: { type: 'object', additionalProperties: { type: 'string' }, maxProperties: mostColumns },
  offset: { type: 'integer', minimum: 0 },
}

const parameters: Readonly<Record<PagingStyle, string>> = {
  cursor: 'The `cursor` of',
  keyset: 'The parameters of',
  offset: 'The `offset` of',
}

/** The output schema of an operation that answers with pages of `item`. */
export function pageOf<S extends Schema, const Style extends PagingStyle = 'cursor'>(
  item: S,
  options: PageOfOptions<Style> = {},
): Schema<Page<OutputOf<S>, Style>, Page<OutputOf<S>, Style>> {
  const { max = defaultMaxLimit, style = 'cursor' as Style } = options
  const describe = (side: 'input' | 'output') => (): Record<string, unknown> => ({
    type: 'object',
    properties: {
      items: { type: 'array', items: { $ref: '#/$defs/item' }, maxItems: max },
      next: { ...marks[style], description: `${parameters[style]} the next page; absent on the last.` },
      prev: { ...marks[style], description: `${parameters[style]} the page before; absent on the first.` },
      total: {
        type: 'integer',
        minimum: 0,
        description: 'How many there are in all, where that was asked for.',
      },
    },
    required: ['items'],
    additionalProperties: false,
    $defs: { item: moveInto('#/$defs/item', toJsonSchema(item, side)) },
  })
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      async validate(value) {
        const page = value as Page<unknown, Style> | undefined
        if (!Array.isArray(page?.items))
          return { issues: [{ message: 'Expected a page, with its items in a list', path: ['items'] }] }
        if (page.items.length > max) {
          return {
            issues: [
              { message: `Expected ${max} items at most, and no larger limit in paged(…)`, path: ['items'] },
            ],
          }
        }
        const { items, issues } = await validateItems(item, page.items)
        return issues.length > 0 ? { issues } : { value: { ...page, items } }
      },
      jsonSchema: { input: describe('input'), output: describe('output') },
    },
  }
}

async function validateItems<S extends Schema>(
  item: S,
  elements: readonly unknown[],
): Promise<{ readonly items: OutputOf<S>[]; readonly issues: readonly SchemaIssue[] }> {
  const issues: SchemaIssue[] = []
  const items: OutputOf<S>[] = []
  for (const [index, element] of elements.entries()) {
    const result = await validate(item, element)
    if (!result.issues) items.push(result.value as OutputOf<S>)
    else
      issues.push(
        ...result.issues.map((issue) => ({ ...issue, path: ['items', index, ...(issue.path ?? [])] })),
      )
  }
  return { items, issues }
}
