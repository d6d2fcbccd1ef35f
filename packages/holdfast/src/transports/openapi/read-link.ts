import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { parseRoute, shapeOf } from '../../kernel/operation/route.ts'
import type { LinkObject } from './open-api-document.ts'

/**
 * Returns the link from an operation that creates a resource to the query that reads the resource:
 * the query whose path is the `location` of the operation. Empty if there is no such query.
 */
export function readLink(
  { location }: CompiledOperation,
  queries: readonly CompiledOperation[],
  pathParametersOf: (query: CompiledOperation) => readonly string[],
): Readonly<Record<string, LinkObject>> {
  if (location === undefined) return {}
  const target = parseRoute(`GET ${location as `/${string}`}`)
  const query = queries.find(({ route }) => shapeOf(route) === shapeOf(target))
  if (!query) return {}
  const parameters = pathParametersOf(query).map((name, index) => {
    const member = target.parameters[index]!.replaceAll('~', '~0').replaceAll('/', '~1')
    return [name, `$response.body#/${member}`]
  })
  const link = {
    operationId: query.name,
    parameters: Object.fromEntries(parameters) as LinkObject['parameters'],
  }
  return { [query.name]: link }
}
