import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Bench, Benchmark, Table } from '../benchmark.ts'
import { compiler } from '../build-package.ts'
import { interleave } from '../interleave.ts'
import { median } from '../median.ts'
import { holdfastProgram } from './holdfast-program.ts'
import { honoProgram } from './hono-program.ts'
import type { Program } from './resource.ts'

interface Participant {
  readonly name: string
  readonly operations: number
  readonly folder: string
}

/** The statistics that the compiler reports. */
interface Check {
  readonly seconds: number
  readonly instantiations: number
  readonly memoryMiB: number
}

const counts: readonly number[] = [0, 100, 300]
const makers: Readonly<Record<string, (operations: number) => Program>> = {
  holdfast: holdfastProgram,
  'Hono with its RPC client': honoProgram,
}
const limitMs = 120_000

/** Measures how long the type check of a service takes, by the number of operations. */
export const typesBenchmark: Benchmark = async (bench) => {
  const place = resolve(import.meta.dirname, '../dist/types')
  bench.atEnd(() => rmSync(place, { recursive: true, force: true }))
  const participants = Object.entries(makers).flatMap(([name, make], index) =>
    counts.map((operations): Participant => {
      const folder = join(place, `${index}-${operations}`)
      writeProgram(folder, make(operations))
      return { name, operations, folder }
    }),
  )
  return [toTable(await interleave(participants, bench, (participant) => check(participant, bench)))]
}

function writeProgram(folder: string, program: Program): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const compilerOptions = {
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }, null, 2))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const [name, text] of program) writeFileSync(join(folder, name), text)
}

/** Checks a program. Resolves to `undefined` if the check exceeds the time limit. */
async function check({ name, folder }: Participant, { processes }: Bench): Promise<Check | undefined> {
  const command = [process.execPath, compiler(), '--project', folder, '--extendedDiagnostics']
  const startedMs = performance.now()
  const { exitCode, stdout } = await processes.finish(command, { timeoutMs: limitMs })
  const seconds = (performance.now() - startedMs) / 1_000
  if (exitCode === null) return undefined
  if (exitCode !== 0) throw new Error(`The program of ${name} does not compile:\n${stdout.slice(0, 4_000)}`)
  return {
    seconds,
    instantiations: readDiagnostic(stdout, 'Instantiations'),
    memoryMiB: readDiagnostic(stdout, 'Memory used') / 1024,
  }
}

/** Returns a figure of `--extendedDiagnostics`: `Instantiations: 12345`, `Memory used: 12345K`. */
function readDiagnostic(output: string, name: string): number {
  const [, figure] = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(output) ?? []
  if (figure === undefined) throw new Error(`The output of the compiler has no "${name}":\n${output}`)
  return Number(figure)
}

function toTable(figures: ReadonlyMap<Participant, readonly (Check | undefined)[]>): Table {
  return {
    title: 'Type check of a complete service with Zod, Drizzle and a typed caller of each operation',
    columns: [
      { heading: 'program' },
      { heading: 'operations', isFigure: true },
      { heading: 'median s', isFigure: true },
      { heading: 'best s', isFigure: true },
      { heading: 'instantiations', isFigure: true },
      { heading: 'memory MiB', isFigure: true },
    ],
    rows: [...figures].map(([{ name, operations }, checks]) => [
      name,
      String(operations),
      ...toCells(checks),
    ]),
  }
}

function toCells(checks: readonly (Check | undefined)[]): readonly string[] {
  const done = checks.filter((one) => one !== undefined)
  if (done.length < checks.length) return [`more than ${limitMs / 1_000}`, '', '', '']
  const seconds = done.map((one) => one.seconds)
  return [
    median(seconds).toFixed(2),
    Math.min(...seconds).toFixed(2),
    median(done.map(({ instantiations }) => instantiations)).toFixed(0),
    median(done.map(({ memoryMiB }) => memoryMiB)).toFixed(0),
  ]
}
