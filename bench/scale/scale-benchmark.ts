import type { Benchmark } from '../benchmark.ts'
import { idle } from './idle.ts'
import { keysAtScale } from './keys.ts'

/** Measures the cost of an idle fleet, and of keys in large tables. */
export const scaleBenchmark: Benchmark = async (bench) => [await idle(bench), await keysAtScale(bench)]
