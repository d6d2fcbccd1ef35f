import type { Call } from './call.ts'
import type { Caller } from '../operation/caller.ts'
import type { Context, MutationContext } from '../operation/context.ts'
import type { CursorCodec } from '../pages/cursor.ts'
import type { Deadline } from '../operation/deadline.ts'
import type { Jobs, Statements, Transaction } from '../background/effects.ts'
import type { Publish } from '../background/event.ts'
import { createLoad, type Load } from '../relations/load.ts'
import type { Logger } from '../base/log.ts'
import { isPaged, linksOf } from '../pages/page-links.ts'
import type { PageRequest, PageSource, ReadPage } from '../pages/page.ts'
import { readPage } from '../pages/read-page.ts'

/** The parts of a context besides the call. */
export interface CallContextParts {
  readonly cursors: CursorCodec
  /** The `settings` passed to handlers. */
  readonly settings: unknown
}

/**
 * The context passed to a handler. Its signal is created on first use, because many handlers never
 * use it.
 */
export class CallContext
  implements
    Context<unknown, Caller, unknown, unknown>,
    MutationContext<unknown, Caller, unknown, unknown, unknown>
{
  readonly input: unknown
  readonly db: unknown
  readonly prepared: unknown
  readonly statements: Statements
  readonly caller: Caller
  readonly row: undefined
  readonly settings: unknown
  readonly log: Logger
  readonly deadline: Deadline
  readonly signal: AbortSignal
  readonly requestId: string
  readonly jobs: Jobs
  readonly publish: Publish
  readonly transaction: Transaction
  readonly #call: Call
  readonly #cursors: CursorCodec
  #load: Load | undefined

  constructor(call: Call, { cursors, settings }: CallContextParts) {
    const { effects } = call
    this.#call = call
    this.#cursors = cursors
    this.input = call.input
    this.db = call.db
    this.prepared = call.prepared
    // Any of these members may be absent at run time. The types of handlers leave out the absent
    // ones: without a database, a handler has none of them; a query has no effects; a mutation has
    // no `statements`.
    this.statements = call.statements as never
    this.jobs = effects?.jobs as never
    this.publish = effects?.publish as never
    this.transaction = effects?.transaction as never
    this.caller = call.caller
    // The types of handlers have the type of the row.
    this.row = call.row as undefined
    this.settings = settings
    this.log = call.log
    this.deadline = call.deadline
    this.signal = call.deadline.signal
    this.requestId = call.requestId
  }

  readonly load: Load = (relation, key) => {
    this.#load ??= createLoad(this, { isReadOnly: this.#call.operation.kind === 'query' })
    return this.#load(relation, key)
  }

  readonly page: ReadPage = async (
    request: PageRequest,
    source: PageSource<unknown>,
    toItem: (row: unknown) => unknown = (row) => row,
  ): Promise<never> => {
    const call = this.#call
    const { method, path } = call.operation.route
    const page = await readPage(request, source, {
      cursors: this.#cursors,
      list: `${method} ${path}`,
      tenant: call.caller.tenant,
      input: call.input,
      toItem,
    })
    if (isPaged(call.operation)) call.links = linksOf(page, request)
    // The overloads of `ReadPage` determine the style of the page.
    return page as never
  }
}
