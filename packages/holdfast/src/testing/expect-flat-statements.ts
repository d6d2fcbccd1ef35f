import { HoldfastError } from '../kernel/base/holdfast-error.ts'
import type { Operations } from '../kernel/service/service-definition.ts'
import { newUsage } from '../kernel/host/work.ts'
import type { TestService } from './test-service.ts'
import { CallFailed, type CallOptions, type InputOfOperation } from './typed-caller.ts'

/** Options of {@link expectFlatStatements}. */
export interface FlatStatementsOptions<Input> {
  /** The data sizes at which the operation is called, with one call per size: `[1, 10, 100]`. */
  readonly sizes: readonly number[]
  /** Adds data until the database has the given size. */
  readonly grow: (size: number) => Promise<unknown>
  /** The input of the calls, the same for all sizes or computed from the size. */
  readonly input: Input | ((size: number) => Input)
  /** The options of each call, such as its headers. Default: none. */
  readonly options?: CallOptions
}

/**
 * Asserts that an operation runs the same number of statements for every amount of data. Returns
 * the number of statements.
 *
 * @throws HoldfastError `statements-grow` if the number grows with the data; {@link CallFailed} if
 * one of the calls fails.
 *
 * @example
 * ```ts no-run
 * await using tested = await createTestService(shop)
 * const count = await expectFlatStatements(tested, 'listOrders', {
 *   sizes: [1, 10, 100],
 *   grow: (size) =>
 *     tested.sql(`insert into orders select from generate_series(1, ${size})`),
 *   input: {},
 * })
 * ```
 */
export async function expectFlatStatements<Defined extends Operations, Name extends keyof Defined & string>(
  service: TestService<Defined>,
  name: Name,
  { sizes, grow, input, options }: FlatStatementsOptions<InputOfOperation<Defined[Name]>>,
): Promise<number> {
  const counts: number[] = []
  for (const size of sizes) {
    await grow(size)
    const usage = newUsage()
    const given =
      typeof input === 'function' ? (input as (size: number) => InputOfOperation<Defined[Name]>)(size) : input
    const answer = await service.send(name, given as never, { ...options, usage })
    if (answer.status >= 400) throw new CallFailed(answer)
    counts.push(usage.statements)
  }
  const [first = 0] = counts
  if (counts.every((count) => count <= first)) return first
  const operation = service.running.operations.get(name)!
  const shown = counts.map((count, index) => `${count} with ${sizes[index]}`).join(', ')
  throw new HoldfastError(
    'statements-grow',
    `${name} (${operation.definedAt}) runs more statements as the data grows: ${shown}. Read all rows at once: with a join, with \`= any($1)\`, or with the load function of a relation.`,
  )
}
