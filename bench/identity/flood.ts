import { join } from 'node:path'
import type { Bench, Table } from '../benchmark.ts'
import { interleave } from '../interleave.ts'
import { median } from '../median.ts'
import type { Flood } from './flood-client.ts'
import type { Probe } from './probe-client.ts'

interface Situation {
  readonly name: string
  readonly isFlooded: boolean
}

interface Figure extends Probe {
  readonly flood: Flood | undefined
}

const situations: readonly Situation[] = [
  { name: 'alone', isFlooded: false },
  { name: 'beside sign-ins', isFlooded: true },
]

/**
 * Measures the response times of a read at a fixed rate, alone and beside 200 sign-ins per second
 * with wrong passwords.
 */
export async function floodTable(server: { readonly port: number }, bench: Bench): Promise<Table> {
  bench.notify('A read beside sign-ins')
  const figures = await interleave(situations, bench, (situation) => measure(situation, server.port, bench))
  const medianOf = (situation: Situation, pick: (figure: Figure) => number, digits: number): string =>
    median(figures.get(situation)!.map(pick)).toFixed(digits)
  return {
    title: 'A read at 200 requests/s, beside 200 sign-ins/s',
    columns: [
      { heading: 'read' },
      { heading: 'p50 ms', isFigure: true },
      { heading: 'p99 ms', isFigure: true },
      { heading: 'failed', isFigure: true },
      { heading: 'sign-ins/s with a password check', isFigure: true },
      { heading: 'sign-ins/s refused (503)', isFigure: true },
    ],
    rows: situations.map((situation) => [
      situation.name,
      medianOf(situation, ({ p50Ms }) => p50Ms, 1),
      medianOf(situation, ({ p99Ms }) => p99Ms, 1),
      medianOf(situation, ({ failed }) => failed, 0),
      ...(situation.isFlooded
        ? [
            medianOf(situation, ({ flood }) => flood!.checkedPerSecond, 0),
            medianOf(situation, ({ flood }) => flood!.refusedPerSecond, 0),
          ]
        : ['', '']),
    ]),
  }
}

async function measure(
  { isFlooded }: Situation,
  port: number,
  { processes, seconds }: Bench,
): Promise<Figure> {
  const run = async <Result>(program: string, lastsSeconds: number): Promise<Result> => {
    const command = [
      process.execPath,
      join(import.meta.dirname, program),
      `http://127.0.0.1:${port}`,
      String(lastsSeconds),
    ]
    const { exitCode, stdout } = await processes.finish(command)
    if (exitCode !== 0) throw new Error(`${program} failed.`)
    return JSON.parse(stdout) as Result
  }
  // The flood begins before the probe and ends after it.
  const [flood, probe] = await Promise.all([
    isFlooded ? run<Flood>('flood-client.ts', seconds + 2) : undefined,
    run<Probe>('probe-client.ts', seconds),
  ])
  return { ...probe, flood }
}
