import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { startTestPostgres } from 'holdfast/testing'
import pg from 'pg'
import { load } from './load.ts'

/** What is measured, and who takes part. The first is the one that the others are compared with. */
const tasks = [
  {
    name: 'JSON route',
    request: { path: '/hello' },
    servers: ['node-http', 'hono', 'fastify', 'express', 'nest', 'holdfast'],
  },
  {
    name: 'read of one row',
    request: { path: '/accounts/1' },
    servers: ['node-http', 'hono', 'fastify', 'express', 'nest', 'holdfast'],
  },
  {
    name: 'mutation (unsafe, except holdfast)',
    request: { path: '/transfers', isMutation: true },
    servers: ['node-http', 'fastify', 'fastify-redis', 'holdfast'],
  },
] as const

const rounds = Number(process.env['ROUNDS'] ?? 5)
const seconds = Number(process.env['SECONDS'] ?? 3)
const firstPort = 4_750

type ServerName = (typeof tasks)[number]['servers'][number]

const postgres = await startTestPostgres()
await prepare(postgres.url)
const redis = startRedis()
const servers = new Map<ServerName, { readonly process: ChildProcess; readonly port: number }>()

try {
  for (const task of tasks) for (const name of task.servers) await start(name)
  for (const task of tasks) {
    const participants = task.servers.filter((name) => servers.has(name))
    const results = new Map<ServerName, number[]>(participants.map((name) => [name, []]))
    // Interleaved, so that whatever slows the machine down for a while slows everybody down.
    for (let round = 0; round <= rounds; round += 1) {
      for (const name of participants) {
        const perSecond = await load({ port: servers.get(name)!.port, seconds, ...task.request })
        if (round > 0) results.get(name)!.push(perSecond)
      }
    }
    report(task.name, results)
  }
} finally {
  for (const server of servers.values()) server.process.kill('SIGTERM')
  redis?.kill('SIGTERM')
  await sleep(500)
  await postgres.stop()
}

async function start(name: ServerName): Promise<void> {
  if (servers.has(name)) return
  if (name === 'fastify-redis' && !redis) return
  const port = firstPort + servers.size
  const file = fileURLToPath(new URL(`./servers/${name}.ts`, import.meta.url))
  // The server on one core, the client and Postgres on the other.
  const child = spawn('taskset', ['-c', '0', process.execPath, '--conditions=holdfast:source', file], {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      PORT: String(port),
      HOST: '127.0.0.1',
      LOG_LEVEL: 'error',
      DATABASE_URL: postgres.url,
      REDIS_URL: 'redis://127.0.0.1:6399',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  servers.set(name, { process: child, port })
  for (let tries = 0; tries < 200; tries += 1) {
    const isUp = await fetch(`http://127.0.0.1:${port}/hello`).then(
      async (response) => response.text().then(() => true),
      () => false,
    )
    if (isUp) return
    await sleep(50)
  }
  throw new Error(`${name} does not answer`)
}

function startRedis(): ChildProcess | undefined {
  const program = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].find((path) => existsSync(path))
  if (program === undefined) {
    console.error('redis-server is not installed (apt-get install redis-server): fastify-redis is left out.')
    return undefined
  }
  return spawn(program, ['--port', '6399', '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], {
    stdio: 'ignore',
  })
}

async function prepare(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    create table accounts (id int primary key, name text not null, balance int not null);
    insert into accounts select n, 'account ' || n, 0 from generate_series(1, 1000) as n;
    create table transfers (id int generated always as identity primary key, account int not null, amount int not null)`)
  await client.end()
}

function report(task: string, results: ReadonlyMap<ServerName, readonly number[]>): void {
  const [[, base = []] = []] = results
  console.log(`\n${task}\n`)
  console.log('| server | requests/s | of node:http |')
  console.log('| --- | ---: | ---: |')
  for (const [name, figures] of results) {
    const ratios = figures.map((figure, round) => figure / base[round]!)
    console.log(`| ${name} | ${Math.round(median(figures))} | ${median(ratios).toFixed(2)} |`)
  }
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN
}
