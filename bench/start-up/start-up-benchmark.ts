import { rm } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { startTestPostgres } from 'holdfast/testing'
import type { Bench, Benchmark, Table } from '../benchmark.ts'
import { firstAnswer } from '../first-answer.ts'
import { freePort } from '../free-port.ts'
import { interleave } from '../interleave.ts'
import { median } from '../median.ts'
import { productionEnv } from '../production-env.ts'
import { ledgerEnv } from './ledger-env.ts'
import { layOutLedger } from './lay-out-ledger.ts'

interface Participant {
  readonly name: string
  readonly command: readonly string[]
  readonly path: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Runs before each start. It is not measured. */
  readonly before?: () => Promise<void>
}

/** Measures the time from spawning a process to its first answer. */
export const startUpBenchmark: Benchmark = async (bench) => {
  const postgres = await startTestPostgres()
  bench.atEnd(() => postgres.stop())
  const ledger = layOutLedger()
  const data = join(ledger, '.holdfast')
  bench.atEnd(() => rm(ledger, { recursive: true, force: true }))
  const env = { ...productionEnv, DATABASE_URL: postgres.tcpUrl }
  // This route reads the database, and needs no credentials.
  const inFolder = { cwd: ledger, path: '/volumes?since=2026-01-01' }
  const startCommand = { ...inFolder, command: ['npm', 'start', '--silent'] }
  const tables: readonly (readonly [title: string, participants: readonly Participant[]])[] = [
    [
      'A process without a database',
      [
        server('node:http', 'node-http'),
        server('Hono', 'hono'),
        server('Express', 'express'),
        server('Fastify', 'fastify'),
        server('NestJS on Fastify', 'nest'),
        ...plainAndFast({ ...server('holdfast', 'holdfast-alone'), env: productionEnv }),
      ],
    ],
    [
      'A process with a running Postgres that needs no migration',
      [
        { ...server('Fastify with Zod and pg', 'fastify-zod-pg'), env },
        ...plainAndFast({ ...server('holdfast with Zod and SQL', 'holdfast-pg'), env }),
        { ...server('Fastify with Zod and Drizzle', 'fastify-zod-drizzle'), env },
        ...plainAndFast({
          ...inFolder,
          name: 'holdfast with Zod and Drizzle: the ledger',
          command: [process.execPath, 'src/main.ts'],
          env: { ...env, ...(await ledgerEnv(postgres.tcpUrl)) },
        }),
      ],
    ],
    [
      '`npm start` of the ledger with its embedded Postgres',
      [
        {
          ...startCommand,
          name: 'a new database',
          before: () => rm(data, { recursive: true, force: true }),
        },
        { ...startCommand, name: 'the existing database' },
      ],
    ],
  ]
  const results: Table[] = []
  for (const [title, participants] of tables) {
    bench.notify(title)
    results.push(toTable(title, await interleave(participants, bench, (one) => startUpMs(one, bench))))
  }
  return results
}

function server(name: string, file: string): Participant {
  const program = join(import.meta.dirname, 'servers', `${file}.ts`)
  // The program runs in the folder whose packages it preloads.
  return { name, command: [process.execPath, program], path: '/hello', cwd: join(import.meta.dirname, '..') }
}

/** Returns a Holdfast participant, without and with `holdfast/fast-start`. */
function plainAndFast(plain: Participant): readonly Participant[] {
  const [node, ...rest] = plain.command
  const command = [node!, '--import', 'holdfast/fast-start', ...rest]
  return [plain, { ...plain, name: `${plain.name}, with fast-start`, command }]
}

async function startUpMs(
  { command, path, env = {}, cwd, before }: Participant,
  { processes }: Bench,
): Promise<number> {
  await before?.()
  const port = await freePort()
  const nodeFirst = `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`
  const startedMs = performance.now()
  const child = processes.start(command, {
    env: { PATH: nodeFirst, HOST: '127.0.0.1', PORT: String(port), ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
  const answeredMs = await firstAnswer(child, `http://127.0.0.1:${port}${path}`)
  await processes.stop(child)
  return answeredMs - startedMs
}

function toTable(title: string, figures: ReadonlyMap<Participant, readonly number[]>): Table {
  return {
    title,
    columns: [
      { heading: 'process' },
      { heading: 'median ms', isFigure: true },
      { heading: 'fastest', isFigure: true },
      { heading: 'slowest', isFigure: true },
    ],
    rows: [...figures].map(([{ name }, times]) => [
      name,
      ...[median(times), Math.min(...times), Math.max(...times)].map((ms) => ms.toFixed(0)),
    ]),
  }
}
