def sub(p, pairs):
    s=open(p).read()
    for a,b in pairs:
        if a not in s: print('MISSING', p, repr(a)[:100])
        s=s.replace(a,b)
    open(p,'w').write(s)
sub('job-row.ts',[
("  readonly uniqueKey?: string\n","  readonly uniqueKey?: string\n  readonly uniqueUntil?: 'started' | 'ended'\n"),
("    ...(options.unique === undefined ? {} : { uniqueKey: options.unique }),\n","    ...uniqueOf(options),\n"),
("function keysOf(","function uniqueOf({ unique }: EnqueueOptions): Pick<JobRow, 'uniqueKey' | 'uniqueUntil'> {\n  if (unique === undefined) return {}\n  if (typeof unique === 'string') return { uniqueKey: unique, uniqueUntil: 'started' }\n  return { uniqueKey: unique.key, uniqueUntil: unique.until ?? 'started' }\n}\n\nfunction keysOf("),
("""  if (unique === '') throw optionsInvalid(job, 'has an empty unique key; give it 1 character at least')
  if (unique !== undefined) checkKey(job, 'unique key', unique)
""","""  const key = typeof unique === 'object' ? unique.key : unique
  if (key === '') throw optionsInvalid(job, 'has an empty unique key; give it 1 character at least')
  if (key !== undefined) checkKey(job, 'unique key', key)
"""),
("// What is longer does not fit into an index.","// Longer keys do not fit into an index."),
("has a time that is none","has a time that is not a valid date"),
("/** When it may run: milliseconds from now on, or since the Unix epoch; neither: at once. */","/** When it may run: milliseconds from now, or since the Unix epoch. Default: at once. */"),
("/** The input as it is now: what its handler does with it afterwards is not enqueued. */","/** Returns the input as it is now: what the handler does with it afterwards is not enqueued. */"),
("is nothing that JSON can carry","cannot be represented in JSON"),
("is ${typeof input}, which JSON cannot carry","is ${typeof input}, which JSON cannot represent"),
])
sub('transaction-jobs.ts',[
("import { findUniqueJob, insertJobs, insertUniqueJob } from","import { findRunningUniqueJob, insertJobs, insertUniqueJob, lockUniqueJob } from"),
("""/** Who is told when jobs have been committed. */
export interface JobsWaker {
  /** There is something to run. */
  wakeJobs(): void
  /** One that runs has been told to end. */
  wakeCancelled(): void
}

// Between an insertion that met a job of the same key and the search for it, that job may end.
const mostUniqueTries = 5
""","""/** Wakes workers after a commit. */
export interface JobsWaker {
  /** Called when there are jobs to run. */
  wakeJobs(): void
  /** Called when a job that runs has been cancelled. */
  wakeCancelled(): void
}

/** Dependencies of {@link TransactionJobs}. */
export interface TransactionJobsParts {
  /** The service whose jobs they are. */
  readonly service: string
  readonly waker: JobsWaker
}

// Between an insertion that met a job of the same key and the search for it, that job may begin or end.
const maxUniqueAttempts = 5
"""),
("""/**
 * The jobs of one transaction. What is enqueued is gathered, and inserted in the round trip of the commit; a unique one is inserted at
 * once, since only the database knows whether it is the first.
 */""","""/**
 * The jobs of one transaction. They are gathered, and inserted in the round trip of the commit; a unique one is inserted
 * at once, since only the database knows whether it is the first.
 */"""),
("  readonly #session: HandlerSession\n  readonly #waker: JobsWaker\n","  readonly #session: HandlerSession\n  readonly #service: string\n  readonly #waker: JobsWaker\n"),
("  constructor(session: HandlerSession, waker: JobsWaker) {\n    this.#session = session\n","  constructor(session: HandlerSession, { service, waker }: TransactionJobsParts) {\n    this.#session = session\n    this.#service = service\n"),
("    if (options.unique !== undefined) return this.#insertUnique(await made, options.unique)\n    // Where nothing has to be waited for, it is gathered before anybody can forget to wait.","    if (options.unique !== undefined) return this.#insertUnique(await made)\n    // If nothing has to be waited for, it is gathered before the caller can forget to wait."),
("      for (const statement of releasePlace(found.name, found.freed_key)) await this.#run(statement)","      for (const statement of releasePlace({ ...found, key: found.freed_key })) await this.#run(statement)"),
("[insertJobs(this.#rows.rows)]","[insertJobs(this.#service, this.#rows.rows)]"),
("  /** With the trace of this transaction, unless they say another. */","  /** Adds the trace of this transaction, unless the options have another. */"),
])
s=open('transaction-jobs.ts').read()
i=s.index("  async #insertUnique"); j=s.index("  async #run<Row")
s=s[:i]+'''  async #insertUnique(row: JobRow): Promise<EnqueuedJob> {
    const unique = { service: this.#service, name: row.name, key: row.uniqueKey! }
    for (let attempts = 0; attempts < maxUniqueAttempts; attempts += 1) {
      const [inserted] = await this.#run<{ id: string }>(insertUniqueJob(this.#service, row))
      if (inserted) return this.#wakeAfterCommit({ id: inserted.id, isNew: true })
      const [waiting] = await this.#run<{ id: string }>(lockUniqueJob(unique))
      // Claims pass over it until this transaction has ended.
      if (waiting) return this.#wakeAfterCommit({ id: waiting.id, isNew: false })
      const [running] = await this.#run<{ id: string }>(findRunningUniqueJob(unique))
      if (running) return { id: running.id, isNew: false }
    }
    throw new HoldfastError(
      'job-unique-contended',
      `The job "${row.name}" with the unique key ${JSON.stringify(unique.key)} could be neither enqueued nor found: others of this key begin and end faster than it can be looked for. Enqueue it again.`,
    )
  }

  #wakeAfterCommit(job: EnqueuedJob): EnqueuedJob {
    this.#register()
    this.#isWoken = true
    return job
  }

'''+s[j:]
open('transaction-jobs.ts','w').write(s)
