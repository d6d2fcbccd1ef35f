/** The participants of a task. */
export interface Participant {
  readonly name: string
  /** The file of the participant's server in `servers/`. */
  readonly server: string
  /** The guarantee of the server for a retried mutation. */
  readonly promises?: string
  /** Environment variables of the server. */
  readonly env?: Readonly<Record<string, string>>
  /** The Redis that the server needs. */
  readonly redis?: RedisKind
}

/** True if acknowledged writes survive a crash of Redis. */
export type RedisKind = 'volatile' | 'durable'

/** A measured task. The others are compared with the first participant. */
export interface Task {
  readonly name: string
  readonly path: string
  readonly isMutation?: boolean
  readonly participants: readonly Participant[]
}

const nothing = 'no protection: a repeated request is executed again'
const keyBeside = 'executed twice or blocked permanently if it dies between Redis and Postgres'
const jobBehind = `${keyBeside}; no job if it dies before enqueueing it`
const holdfast: Participant = {
  name: 'holdfast',
  server: 'holdfast',
  promises: 'executed once, whichever process dies: key, answer and effect are one commit',
}
const withoutLog: Participant = {
  ...holdfast,
  name: 'holdfast, without its request log',
  env: { LOG_LEVEL: 'warn' },
}
const withoutTelemetry: Participant = {
  ...holdfast,
  name: 'holdfast, without telemetry',
  env: { TELEMETRY: 'off' },
}

const readers: readonly Participant[] = [
  { name: 'node:http', server: 'node-http' },
  { name: 'Hono', server: 'hono' },
  { name: 'Fastify', server: 'fastify' },
  { name: 'Express', server: 'express' },
  { name: 'NestJS on Fastify', server: 'nest' },
  holdfast,
  withoutLog,
  withoutTelemetry,
]

const writers: readonly Participant[] = [
  { name: 'node:http', server: 'node-http', promises: nothing },
  { name: 'Fastify', server: 'fastify', promises: nothing },
  {
    name: 'Fastify, key in Redis',
    server: 'fastify-redis',
    promises: keyBeside,
    redis: 'volatile',
  },
  {
    name: 'Fastify, key in Redis, job in BullMQ',
    server: 'fastify-bullmq',
    promises: `${jobBehind}; keys and jobs are lost if Redis ends`,
    redis: 'volatile',
  },
  {
    name: 'same, with appendfsync always',
    server: 'fastify-bullmq',
    promises: jobBehind,
    redis: 'durable',
  },
  holdfast,
  withoutLog,
  withoutTelemetry,
]

/** The tasks. */
export const tasks: readonly Task[] = [
  { name: 'JSON route', path: '/hello', participants: readers },
  { name: 'Reading one row', path: '/accounts/1', participants: readers },
  { name: 'Mutation', path: '/transfers', isMutation: true, participants: writers },
]
