import type { ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Bench } from '../benchmark.ts'
import { firstAnswer } from '../first-answer.ts'
import { freePort } from '../free-port.ts'
import type { LongStartOptions } from '../processes.ts'
import { productionEnv } from '../production-env.ts'
import type { Participant, RedisKind } from './participants.ts'

/** A server that answers. */
export interface Server {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
  /** The port of Holdfast's metrics. */
  readonly metricsPort: number
}

/** The programs that the servers use. */
export interface Backends {
  /** The URL of Postgres over TCP. */
  readonly postgresUrl: string
  /** The URL of the same Postgres through its Unix socket. */
  readonly socketUrl: string
  /** The port of each kind of Redis. An unavailable Redis has no entry. */
  readonly redisPorts: ReadonlyMap<RedisKind, number>
  /** The endpoint of the collector. */
  readonly collector: string
}

/** Starts the server of a participant, and waits for its first successful answer. */
export async function startServer(
  { server, runtime, redis, sends, usesSocket, env }: Participant,
  { postgresUrl, socketUrl, redisPorts, collector }: Backends,
  { processes, ...options }: LongStartOptions & Pick<Bench, 'processes'>,
): Promise<Server> {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const program = runtime === 'bun' ? bun() : process.execPath
  const child = processes.start([program, join(import.meta.dirname, 'servers', `${server}.ts`)], {
    ...options,
    env: {
      ...productionEnv,
      PORT: String(port),
      OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
      DATABASE_URL: usesSocket === true ? socketUrl : postgresUrl,
      ...(redis === undefined ? {} : { REDIS_PORT: String(redisPorts.get(redis)) }),
      // Compression is off for all servers, because only some of them compress by default.
      ...(sends === true
        ? { OTEL_EXPORTER_OTLP_ENDPOINT: collector, OTEL_EXPORTER_OTLP_COMPRESSION: 'none' }
        : {}),
      ...env,
      ...options.env,
    },
  })
  await firstAnswer(child, `http://127.0.0.1:${port}/hello`)
  return { child, pid: child.pid!, port, metricsPort }
}

function bun(): string {
  return join(dirname(createRequire(import.meta.url).resolve('bun/package.json')), 'bin/bun.exe')
}
