import type { Benchmark } from './benchmark.ts'
import { buildPackage } from './build-package.ts'
import { describeMachine } from './describe-machine.ts'
import { Session } from './session.ts'
import { toMarkdown } from './to-markdown.ts'
import { writeResults } from './write-results.ts'

// The benchmarks are imported lazily, because they use the package, which must be built first.
const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  http: async () => (await import('./http/http-benchmark.ts')).httpBenchmark,
  identity: async () => (await import('./identity/identity-benchmark.ts')).identityBenchmark,
  jobs: async () => (await import('./jobs/jobs-benchmark.ts')).jobsBenchmark,
  pages: async () => (await import('./pages/pages-benchmark.ts')).pagesBenchmark,
  profile: async () => (await import('./profile/profile-benchmark.ts')).profileBenchmark,
  scale: async () => (await import('./scale/scale-benchmark.ts')).scaleBenchmark,
  'start-up': async () => (await import('./start-up/start-up-benchmark.ts')).startUpBenchmark,
  types: async () => (await import('./types/types-benchmark.ts')).typesBenchmark,
}

const names = Object.keys(benchmarks)
const words = process.argv.slice(2)
const chosen = words.filter((word) => word !== '--write')
const unknown = chosen.filter((word) => !names.includes(word))
if (unknown.length > 0) {
  refuse(`Unknown benchmark ${unknown.join(' ')}. Use ${names.join(', ')}, or --write.`)
}
const settings = {
  rounds: readCount('ROUNDS', 5),
  seconds: readCount('SECONDS', 3),
  notify: (message: string) => console.error(message),
}

let session = new Session()
let isInterrupted = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    isInterrupted = true
    void session[Symbol.asyncDispose]().finally(() => process.exit(130))
  })
}

try {
  await buildPackage(session.processes)
  for (const name of chosen.length > 0 ? chosen : names) {
    console.error(`\n${name}`)
    session = new Session()
    const benchmark = await benchmarks[name]!()
    const tables = await benchmark(session.toBench(settings))
    await session[Symbol.asyncDispose]()
    const results = [describeMachine(settings), ...tables.map(toMarkdown)].join('\n\n')
    console.log(`\n### ${name}\n\n${results}`)
    if (words.includes('--write')) writeResults(name, results)
  }
} catch (error) {
  // The errors of interrupted work are not relevant.
  if (!isInterrupted) console.error(error)
  process.exitCode = 1
} finally {
  await session[Symbol.asyncDispose]()
}

function readCount(variable: string, usual: number): number {
  const count = Number(process.env[variable] ?? usual)
  if (Number.isInteger(count) && count > 0) return count
  return refuse(`${variable} must be an integer of at least 1, but is ${process.env[variable]}.`)
}

function refuse(message: string): never {
  console.error(message)
  process.exit(2)
}
