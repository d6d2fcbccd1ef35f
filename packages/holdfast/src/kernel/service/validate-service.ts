import type { Background } from '../background/background.ts'
import { collectBackground, hasBackground } from '../background/collect-background.ts'
import { findCheckIssues } from './check.ts'
import { type CompiledOperation, compileOperation, describeOperation } from '../operation/compile.ts'
import { HoldfastError } from '../base/holdfast-error.ts'
import type { AnyProblem } from '../problem/problem.ts'
import { findIdentifierIssues } from '../operation/identifier.ts'
import { kernelProblems } from '../problem/problems.ts'
import { shapeOf } from '../operation/route.ts'
import { findSecurityIssues } from '../operation/security-scheme.ts'
import type { Operations, ServiceDefinition, ServiceParts } from './service-definition.ts'
import type { ServiceHost } from '../host/service-host.ts'

/** A service with a valid definition, compiled. */
export interface ValidatedService {
  readonly operations: readonly CompiledOperation[]
  readonly background: Background
  /** All problems that it may return, by code. */
  readonly problems: ReadonlyMap<string, AnyProblem>
}

/**
 * Validates and compiles the definition of a service.
 *
 * @throws HoldfastError `service-invalid`, which lists all issues.
 */
export function validateService(
  definition: ServiceDefinition<Operations>,
  parts: ServiceParts,
  mode: ServiceHost['mode'],
): ValidatedService {
  const issues: string[] = []
  const named = Object.entries(definition.operations)
  issues.push(...named.filter(([, value]) => !isOperation(value)).map(([name]) => notAnOperation(name)))
  const operations = named
    .filter(([, value]) => isOperation(value))
    .map(([name, operation]) =>
      compileOperation(operation, { name, validatesOutput: mode !== 'production' }, issues),
    )
  const background = collectBackground(definition, issues)
  issues.push(...checkRoutes(operations), ...checkParts(definition, { operations, background, parts }))
  const { problems: databaseProblems = [], mutationProblems = [] } = parts.database ?? {}
  const frameworkProblems = [...kernelProblems, ...databaseProblems, ...mutationProblems]
  const problems = collectProblems(operations, frameworkProblems, issues)
  if (issues.length > 0) {
    const count = issues.length === 1 ? 'one problem' : `${issues.length} problems`
    throw new HoldfastError(
      'service-invalid',
      `The service "${definition.name}" (${parts.definedAt}) cannot start: ${count}\n${issues.map((issue) => `  - ${issue}`).join('\n')}`,
    )
  }
  return { operations, background, problems }
}

/** The types exclude other values, but a cast or plain JavaScript can pass them. */
function isOperation(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && 'route' in value
}

function notAnOperation(name: string): string {
  return `"${name}" is not an operation; a module that is spread into \`operations\` may export only operations, schemas, problems and events`
}

function checkRoutes(operations: readonly CompiledOperation[]): readonly string[] {
  const byShape = Map.groupBy(operations, (operation) => shapeOf(operation.route))
  return [...byShape]
    .filter(([, sharing]) => sharing.length > 1)
    .map(([shape, sharing]) => {
      const who = sharing.map(describeOperation).join(' and ')
      return `${shape}: ${who} have the same route; change the path or the method of one of them`
    })
}

interface CheckedParts {
  readonly operations: readonly CompiledOperation[]
  readonly background: Background
  readonly parts: ServiceParts
}

function checkParts(
  definition: ServiceDefinition<Operations>,
  { operations, background, parts }: CheckedParts,
): readonly string[] {
  const issues: string[] = []
  const mutation = operations.find((operation) => operation.kind === 'mutation')
  if (mutation && !parts.database) {
    issues.push(`${describeOperation(mutation)}: a mutation needs a database; set \`database\` in holdfast()`)
  }
  if (!parts.database && hasBackground(background)) {
    issues.push('jobs, consumers, schedules and relays need a database; set `database` in holdfast()')
  }
  issues.push(...findCheckIssues(definition.checks ?? {}, parts.database !== undefined))
  issues.push(...findSecurityIssues(parts.securitySchemes), ...findIdentifierIssues(parts.identifiers))
  if (parts.hasUnusedSchemes) {
    issues.push('its identifiers declare their security schemes; remove `securitySchemes` from holdfast()')
  }
  if (definition.problemTypeBase !== undefined && !definition.problemTypeBase.endsWith('/')) {
    issues.push(`its problemTypeBase ${definition.problemTypeBase} must end with a slash`)
  }
  return issues
}

function collectProblems(
  operations: readonly CompiledOperation[],
  frameworkProblems: readonly AnyProblem[],
  issues: string[],
): Map<string, AnyProblem> {
  const problems = new Map<string, AnyProblem>(frameworkProblems.map((type) => [type.code, type]))
  for (const operation of operations) {
    for (const type of operation.problems) {
      const known = problems.get(type.code)
      if (known && known !== type) {
        issues.push(
          `${describeOperation(operation)}: its problem "${type.code}" is declared twice with different definitions; share one definition, or rename a problem`,
        )
      }
      problems.set(type.code, type)
    }
  }
  return problems
}
