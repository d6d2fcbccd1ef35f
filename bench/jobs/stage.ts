import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTestPostgres } from 'holdfast/testing'
import pg from 'pg'
import type { Bench } from '../benchmark.ts'
import type { StartOptions } from '../processes.ts'
import { productionEnv } from '../production-env.ts'
import { businessTables, type Engine } from './engine.ts'
import { engineNamed } from './engine-named.ts'
import type { Participant } from './participant.ts'
import type { Task } from './programs/task.ts'

/** A participant with its database. */
export interface Contender {
  readonly name: string
  readonly participant: Participant
  readonly engine: Engine
  readonly url: string
  /** The process ID of its Postgres server. */
  readonly postgresPid: number
}

/** The environment of the participants' programs: one Postgres, with a database per participant. */
export interface Stage {
  /** Creates a database called `name` with the tables of a participant. */
  enter(participant: Participant, name?: string): Promise<Contender>
  /**
   * Runs a program of a participant until it ends, and returns its result. If `core` is set, the
   * program runs on this core.
   */
  run<T extends Task, Result>(program: string, contender: Contender, options: RunOptions<T>): Promise<Result>
  /** Starts a program of a participant. */
  start<T extends Task>(program: string, contender: Contender, options: RunOptions<T>): ChildProcess
  /** Ends a program that `start` has started. */
  stop(child: ChildProcess): Promise<void>
  /** Runs SQL in the database of a participant. */
  sql<Row extends pg.QueryResultRow>(contender: Contender, text: string, values?: unknown[]): Promise<Row[]>
}

/** Options of a program run. */
export interface RunOptions<T extends Task> {
  readonly task: Omit<T, keyof Task>
  /** The core that the program runs on. Default: any core. */
  readonly core?: number
}

// The limit for a hanging program.
const maxMs = 1_800_000

/** Starts a Postgres for the participants. */
export async function openStage({ processes, atEnd }: Bench): Promise<Stage> {
  const postgres = await startTestPostgres()
  atEnd(() => postgres.stop())
  const postgresPid = await readPid(postgres.url)
  let databases = 0
  return {
    async enter(participant, name = participant.name) {
      databases += 1
      const url = new URL(postgres.tcpUrl)
      url.pathname = `/bench_${databases}`
      await query(postgres.url, `create database bench_${databases}`)
      await query(url.href, businessTables)
      const engine = await engineNamed(participant.engine)
      await engine.install(url.href, participant.settings)
      return { name, participant, engine, url: url.href, postgresPid }
    },
    async run(program, contender, options) {
      const { exitCode, stdout } = await processes.finish(toCommand(program, contender, options), {
        ...toStartOptions(options),
        timeoutMs: maxMs,
      })
      if (exitCode !== 0) throw new Error(`${program} of ${contender.name} failed:\n${stdout}`)
      return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
    },
    start: (program, contender, options) =>
      processes.start(toCommand(program, contender, options), toStartOptions(options)),
    stop: (child) => processes.stop(child),
    sql: ({ url }, text, values) => query(url, text, values),
  }
}

/** Returns the process id of a server on this machine. */
async function readPid(url: string): Promise<number> {
  const [row] = await query<{ directory: string }>(
    url,
    `select current_setting('data_directory') as directory`,
  )
  return Number(readFileSync(join(row!.directory, 'postmaster.pid'), 'utf8').split('\n', 1)[0])
}

function toCommand<T extends Task>(
  program: string,
  { participant: { engine, settings }, url, postgresPid }: Contender,
  { task }: RunOptions<T>,
): readonly string[] {
  const file = join(import.meta.dirname, 'programs', `${program}.ts`)
  return [process.execPath, file, JSON.stringify({ engine, settings, url, postgresPid, ...task })]
}

function toStartOptions({ core }: Pick<RunOptions<Task>, 'core'>): StartOptions {
  return { env: productionEnv, ...(core === undefined ? {} : { core }) }
}

async function query<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values?: unknown[],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}
