import type { EventType } from './event.ts'
import type { Operation } from './operation.ts'
import type { AnyProblemType } from './problem.ts'

/** Exports that stand beside operations in a module, and are left out of them when the module is spread: schemas, problems, events. */
export type BesideOperations = { readonly '~standard': unknown } | AnyProblemType | Pick<EventType, 'kind'>

/** The exports of modules that define operations. */
export type ModuleExports = Readonly<Record<string, Operation | BesideOperations>>

/** The operations among the exports of modules. */
export type OperationsOf<E extends ModuleExports> = {
  readonly [Name in keyof E as E[Name] extends Operation ? Name : never]: Extract<E[Name], Operation>
}

/** Returns the operations among the exports of modules, and all that is neither an operation nor may stand beside one. */
export function operationsOf<E extends ModuleExports>(exports: E): OperationsOf<E> {
  const entries = Object.entries(exports).filter(([, value]) => !standsBeside(value))
  return Object.fromEntries(entries) as OperationsOf<E>
}

function standsBeside(value: unknown): boolean {
  // A problem is a function, with members.
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  if ('~standard' in value) return true
  return 'kind' in value
    ? value.kind === 'event'
    : typeof value === 'function' && 'code' in value && 'status' in value && 'title' in value
}
