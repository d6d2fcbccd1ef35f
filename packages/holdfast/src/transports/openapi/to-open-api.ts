import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { shapeOf } from '../../kernel/operation/route.ts'
import type { RunningService } from '../../kernel/service/service.ts'
import type { OpenApiDocument, OperationObject, PathItem } from './open-api-document.ts'
import { inputName, inputVariant, outputName, toOperationObject } from './operation-object.ts'
import { problemsOf } from './operation-problems.ts'
import { type DocumentedProblem, shareProblem } from './problem-schema.ts'
import { readLink } from './read-link.ts'
import { createSchemaComponents } from './schema-components.ts'
import { createSecurity } from './security.ts'
import { sharedHeaders, sharedParameters } from './shared-headers.ts'
import { tagOf } from './tag-of.ts'

const methods = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH']

/**
 * Describes a service in OpenAPI 3.1: every operation with all of its responses. The document of a
 * service does not depend on the order in which its operations were defined.
 *
 * @throws HoldfastError `openapi-reference-unknown` if a schema refers to a place outside of its
 * definitions.
 *
 * @example
 * ```ts
 * await using tested = await createTestService(shop)
 *
 * const document = toOpenApi(tested.running)
 * console.log(document.paths['/orders'])
 * ```
 */
export function toOpenApi(running: RunningService): OpenApiDocument {
  const components = createSchemaComponents()
  const operations = [...running.operations.values()].sort((a, b) => compare(a.name, b.name))
  // Output schemas are embedded first. So if a named schema has different inputs and outputs, the
  // output keeps the name, and the input gets a different name.
  for (const { name, outputSchema } of operations) components.embed(outputSchema, outputName(name))
  for (const { name, inputSchema } of operations) components.embed(inputSchema, inputName(name), inputVariant)
  const documented = new Map(
    [...running.problems.values()]
      .filter((problem) => operations.some((operation) => problemsOf(operation, running).includes(problem)))
      .sort((a, b) => compare(a.code, b.code))
      .map((problem): [string, DocumentedProblem] => [
        problem.code,
        shareProblem(problem, running.problemTypeBase, components),
      ]),
  )
  const security = createSecurity(running.securitySchemes)
  const queries = operations.filter(({ kind }) => kind === 'query')
  const paths = sharedPaths(operations)
  const pathParametersOf = (operation: CompiledOperation): readonly string[] =>
    paths.get(pathShapeOf(operation))![0]!.route.parameters
  const describe = (operation: CompiledOperation): OperationObject =>
    toOperationObject(operation, {
      pathParameters: pathParametersOf(operation),
      problems: problemsOf(operation, running).map(({ code }) => documented.get(code)!),
      components,
      security,
      links: readLink(operation, queries, pathParametersOf),
    })
  const { name, version, description } = running
  return {
    openapi: '3.1.1',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: { title: name, version, ...(description === undefined ? {} : { description }) },
    servers: [{ url: '/' }],
    tags: describeTags(operations),
    paths: describePaths(paths, describe),
    components: {
      schemas: components.all(),
      parameters: sharedParameters,
      headers: sharedHeaders,
      examples: Object.fromEntries(
        [...documented.values()].flatMap(({ name: called, example }) => (example ? [[called, example]] : [])),
      ),
      securitySchemes: security.all(),
    },
  }
}

function describeTags(operations: readonly CompiledOperation[]): OpenApiDocument['tags'] {
  const names = new Set(operations.map(({ route }) => tagOf(route)).filter((tag) => tag !== undefined))
  return [...names].sort(compare).map((name) => ({ name, description: `Operations at \`/${name}\`.` }))
}

type SharedPaths = ReadonlyMap<string, readonly CompiledOperation[]>

/**
 * Operations whose paths differ only in the names of their parameters share one path, as OpenAPI
 * requires.
 */
function sharedPaths(operations: readonly CompiledOperation[]): SharedPaths {
  return Map.groupBy(operations, pathShapeOf)
}

function pathShapeOf({ route }: CompiledOperation): string {
  return shapeOf({ ...route, method: '' })
}

function describePaths(
  shared: SharedPaths,
  describe: (operation: CompiledOperation) => OperationObject,
): OpenApiDocument['paths'] {
  const paths = [...shared.values()].map((sharing): [string, PathItem] => {
    const path = sharing[0]!.route
    const ordered = sharing.toSorted((a, b) => order(a) - order(b))
    const item = ordered.map((operation) => [operation.route.method.toLowerCase(), describe(operation)])
    return [path.path, Object.fromEntries(item) as PathItem]
  })
  return Object.fromEntries(paths.sort(([a], [b]) => compare(a, b)))
}

function order({ route }: CompiledOperation): number {
  return methods.indexOf(route.method)
}

/** Compares texts by code units, so that the order is the same in every locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
