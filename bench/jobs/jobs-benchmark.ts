import type { Benchmark } from '../benchmark.ts'
import { bloat } from './bloat.ts'
import { deadWorkers } from './dead-workers.ts'
import { depth } from './depth.ts'
import { latency } from './latency.ts'
import { openStage } from './stage.ts'
import { throughput } from './throughput.ts'

/**
 * Measures the cost and latency of jobs, with few and many waiting jobs, and the time until a dead
 * worker's jobs run again.
 */
export const jobsBenchmark: Benchmark = async (bench) => {
  const many = readMany()
  const stage = await openStage(bench)
  return [
    ...(await throughput(bench, stage)),
    await latency(bench, stage),
    await depth(bench, stage, many),
    await bloat(bench, stage, many),
    await deadWorkers(bench, stage),
  ]
}

/** Returns the number of jobs in a large queue. */
function readMany(): number {
  const many = Number(process.env['JOBS'] ?? 1_000_000)
  if (Number.isInteger(many) && many >= 10_000) return many
  throw new Error(`JOBS is ${process.env['JOBS']}, and has to be an integer of at least 10,000.`)
}
