import type { Background, Worker, WorkerOptions, Workload } from './background.ts'
import type { Stage } from './call.ts'
import type { Check } from './check.ts'
import type { CompiledOperation } from './compile.ts'
import type { AnyProblemType } from './problem.ts'
import type { Settings } from './settings.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { AnswerRefused } from './stages/validate-input.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * What a service is given to reach its data: the port that `postgres()`, `drizzle()` and the like implement.
 * `Read` is what a query gets as `db`, `Write` what a mutation gets.
 */
export interface Database<Read, Write> {
  /** What it is, for messages: `'drizzle'`. */
  readonly name: string
  /** What its stages answer with when they refuse or fail. */
  readonly problems: readonly AnyProblemType[]
  /** What else only the stage of a mutation answers with. */
  readonly mutationProblems?: readonly AnyProblemType[]
  /** What it is configured with from the environment. */
  readonly settings?: Settings<unknown>
  /** Connects, migrates, and starts all that runs beside the calls. */
  open(surroundings: DatabaseSurroundings): Promise<OpenDatabase>
  /** Never there; carries the types. */
  readonly types?: { readonly read: Read; readonly write: Write }
}

/** The environment of a database: that of its service, and whose database it is. */
export interface DatabaseSurroundings extends Surroundings {
  /** Name of the service: keys, jobs and messages of other services on the same database are not its own. */
  readonly service: string
}

/** What a stage that makes answers of its own needs to know of the service. */
export interface StageSettings {
  /** What stands before the code in a problem's `type`. */
  readonly problemBase: string
}

/** A database that is in use. */
export interface OpenDatabase {
  /** The stage that sets `db` for an operation: read-only for a query, a transaction with its key for a mutation. */
  stageFor(operation: CompiledOperation, settings: StageSettings): Stage
  /** Returns what answers a call of a mutation whose input was refused. Default: the refusal does. */
  answerRefusedFor?(operation: CompiledOperation): AnswerRefused | undefined
  /** What is handed to clients is signed with these. */
  readonly signingKeys: SigningKeys
  /**
   * Whether it answers, on a connection that no call of the service can keep it waiting for. Where there is none, the service
   * is ready without it.
   */
  readonly check?: Check
  /** Whether all replicas of it take reads; absent where it has none. */
  readonly replicasCheck?: Check
  /**
   * Registers the consumers, subscribers and relays of a service, whether or not this process runs them:
   * from then on, each of them gets every message.
   */
  register?(background: Background): Promise<void>
  /** Begins to work on jobs, schedules and messages in this process. A database without it has no engine for them. */
  startWorker?(workload: Workload, options: WorkerOptions): Promise<Worker>
  /** Ends what `open` began. Calls and workers have ended before. */
  close(): Promise<void>
}
