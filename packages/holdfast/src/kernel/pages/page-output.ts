import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type JsonSchema, moveInto } from '../schema/json-schema.ts'
import { defaultMaxLimit, type Page, type PagingStyle } from './page.ts'
import {
  type InputOf,
  type OutputOf,
  ownSchema,
  type Schema,
  type SchemaIssue,
  toJsonSchema,
  validate,
} from '../schema/schema.ts'
import { allOf, andThen } from '../base/thenable.ts'

/** Options of `pages.output`. */
export interface PageOutputOptions<Style extends PagingStyle = 'cursor'> {
  /** Max number of items on a page. Default 100. */
  readonly max?: number
  /** The paging style; must match the style of `pages.input`. Default `'cursor'`. */
  readonly style?: Style
}

const maxColumns = 16

const marks: Readonly<Record<PagingStyle, JsonSchema>> = {
  cursor: { type: 'string' },
  keyset: { type: 'object', additionalProperties: { type: 'string' }, maxProperties: maxColumns },
  offset: { type: 'integer', minimum: 0 },
}

const parameters: Readonly<Record<PagingStyle, string>> = {
  cursor: 'The `cursor` of',
  keyset: 'The parameters of',
  offset: 'The `offset` of',
}

/** Returns the output schema of a paginated operation whose items match `item`. */
export function pageOutput<Item extends Schema, const Style extends PagingStyle = 'cursor'>(
  item: Item,
  options: PageOutputOptions<Style> = {},
): Schema<Page<InputOf<Item>, Style>, Page<OutputOf<Item>, Style>> {
  const { max = defaultMaxLimit, style = 'cursor' as Style } = options
  const describe = (side: 'input' | 'output') => (): Record<string, unknown> => ({
    type: 'object',
    properties: {
      items: { type: 'array', items: { $ref: '#/$defs/item' }, maxItems: max },
      next: { ...marks[style], description: `${parameters[style]} the next page; absent on the last.` },
      prev: { ...marks[style], description: `${parameters[style]} the previous page; absent on the first.` },
      total: {
        type: 'integer',
        minimum: 0,
        description: 'Total number of items. Only present if `count` was requested.',
      },
    },
    required: ['items'],
    additionalProperties: false,
    $defs: { item: moveInto('#/$defs/item', toJsonSchema(item, side)) },
  })
  return ownSchema([item], {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      validate(value) {
        const page = value as Page<unknown, Style> | undefined
        if (!Array.isArray(page?.items))
          return { issues: [{ message: 'Expected a page with an array of items', path: ['items'] }] }
        if (page.items.length > max) {
          return {
            issues: [
              {
                message: `Expected at most ${max} items; lower the limit of pages.input(…) or raise the max of pages.output(…)`,
                path: ['items'],
              },
            ],
          }
        }
        const { next, prev, total } = page
        const join = (
          results: readonly ItemResult[],
        ): StandardSchemaV1.Result<Page<OutputOf<Item>, Style>> => {
          const issues = results.flatMap((result, index) => issuesOf(result, index))
          if (issues.length > 0) return { issues }
          return { value: { items: results.map(valueOf<OutputOf<Item>>), next, prev, total } }
        }
        const results = page.items.map((element: unknown) => validate(item, element))
        return andThen(allOf(results), join)
      },
      jsonSchema: { input: describe('input'), output: describe('output') },
    },
  })
}

type ItemResult = StandardSchemaV1.Result<unknown>

function issuesOf({ issues = [] }: ItemResult, index: number): readonly SchemaIssue[] {
  return issues.map((issue) => ({ ...issue, path: ['items', index, ...(issue.path ?? [])] }))
}

function valueOf<Value>(result: ItemResult): Value {
  return (result as StandardSchemaV1.SuccessResult<unknown>).value as Value
}
