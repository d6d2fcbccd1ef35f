import type { CompiledOperation } from '../../kernel/operation/compile.ts'
import { refuseCrossSite } from '../../kernel/call/stages/refuse-cross-site.ts'
import { hasBody } from '../../kernel/operation/decode.ts'
import type { AnyProblem } from '../../kernel/problem/problem.ts'
import {
  BadRequest,
  ContentTooLarge,
  CrossSiteRequest,
  CursorInvalid,
  DeadlineExceeded,
  Forbidden,
  HeadersTooLarge,
  InternalError,
  InvalidInput,
  NotAcceptable,
  RequestTimeout,
  Unauthenticated,
  Unavailable,
  UnsupportedMediaType,
} from '../../kernel/problem/problems.ts'
import { isPaged } from '../../kernel/pages/page-links.ts'
import type { RunningService } from '../../kernel/service/service.ts'
import { admitsEveryone } from './security.ts'

/** Returns every problem that an operation may return, ordered by status and code. */
export function problemsOf(operation: CompiledOperation, running: RunningService): readonly AnyProblem[] {
  const takesInput = Object.keys(operation.inputSchema.properties ?? {}).length > 0
  const problems = new Set<AnyProblem>([
    BadRequest,
    NotAcceptable,
    RequestTimeout,
    HeadersTooLarge,
    InternalError,
    Unavailable,
    DeadlineExceeded,
    ...(admitsEveryone(operation.access) ? [] : [Unauthenticated, Forbidden]),
    ...(hasBody(operation.route.method) ? [ContentTooLarge, UnsupportedMediaType] : []),
    ...(takesInput ? [InvalidInput] : []),
    ...(isPaged(operation) ? [CursorInvalid] : []),
    ...running.databaseProblems,
    ...(operation.kind === 'mutation' ? mutationProblems(operation, running) : []),
    ...(refuseCrossSite(operation, running) ? [CrossSiteRequest] : []),
    ...operation.problems,
  ])
  return [...problems].sort((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1))
}

function mutationProblems(
  { idempotency, isSealed }: CompiledOperation,
  { mutationProblems: problems }: RunningService,
): readonly AnyProblem[] {
  const impossible = new Set([
    ...(idempotency === 'required' ? [] : ['idempotency-key-missing']),
    ...(isSealed ? [] : ['idempotency-key-guessable', 'idempotency-answer-unreadable']),
  ])
  return problems.filter(({ code }) => !impossible.has(code))
}
