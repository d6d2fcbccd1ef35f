import type { EventType } from '../background/event.ts'
import type { Mutation, Query } from '../operation/operation.ts'
import type { AnyProblem } from '../problem/problem.ts'

/**
 * The exports that a module may have in addition to operations: schemas, problems and events. They
 * are ignored when the module is spread into `operations`.
 */
export type BesideOperations = { readonly '~standard': unknown } | AnyProblem | Pick<EventType, 'kind'>

/** The exports of modules that define operations. */
export type ModuleExports = Readonly<Record<string, Query | Mutation | BesideOperations>>

/** The operations among the exports of modules. */
export type OperationsOf<Exports extends ModuleExports> =
  Exports extends Readonly<Record<string, Query | Mutation>>
    ? Exports
    : {
        readonly [Name in keyof Exports as Exports[Name] extends Query | Mutation ? Name : never]: Extract<
          Exports[Name],
          Query | Mutation
        >
      }

/**
 * Returns the exports of modules without schemas, problems and events. Keeps other values that are
 * not operations, so that validation reports them.
 */
export function operationsOf<Exports extends ModuleExports>(exports: Exports): OperationsOf<Exports> {
  const entries = Object.entries(exports).filter(([, value]) => !standsBeside(value))
  return Object.fromEntries(entries) as OperationsOf<Exports>
}

function standsBeside(value: unknown): boolean {
  // The value may be a function: a problem type is a function with members.
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  if ('~standard' in value) return true
  return 'kind' in value
    ? value.kind === 'event'
    : typeof value === 'function' && 'code' in value && 'status' in value && 'title' in value
}
