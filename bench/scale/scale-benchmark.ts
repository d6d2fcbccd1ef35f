import type { Benchmark } from '../benchmark.ts'
import { idle } from './idle.ts'

/** What a fleet costs the database. */
export const scaleBenchmark: Benchmark = async (bench) => [await idle(bench)]
