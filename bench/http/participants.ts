/** A server that takes part in a task, with its settings. */
export interface Participant {
  readonly name: string
  /** The file of its server in `servers/`. */
  readonly server: string
  /** The runtime. Default: Node. */
  readonly runtime?: 'bun'
  /** The guarantee for a retried mutation. */
  readonly promises?: string
  /** Environment variables of the server. */
  readonly env?: Readonly<Record<string, string>>
  /** The kind of Redis that the server needs. */
  readonly redis?: RedisKind
  /** True if the server connects to Postgres through a Unix socket. Default: over TCP. */
  readonly usesSocket?: boolean
  /** True if the server sends its telemetry to a collector. */
  readonly sends?: boolean
  /** True if the server records traces. */
  readonly traces?: boolean
  /**
   * The baseline: the figures of this participant are divided by those of the baseline. Default:
   * the base of the task.
   */
  readonly comparedWith?: Participant
}

/** The durability of Redis. `'durable'`: acknowledged writes survive a crash of Redis. */
export type RedisKind = 'volatile' | 'durable'

const nothing = 'no protection: a repeated request is executed again'
const keyBeside = 'executed twice or blocked permanently if the server dies between Redis and Postgres'
const jobBehind = `${keyBeside}; no job if the server dies before enqueuing it`
const lostWithRedis = `${jobBehind}; keys and jobs are lost if Redis stops`

/** Holdfast with its defaults. The basic tasks compare other participants with it. */
export const holdfast: Participant = {
  name: 'holdfast',
  server: 'holdfast',
  promises: 'executed once, even if a process dies: key, answer and effect are one commit',
}

const lessOfHoldfast: readonly Participant[] = [
  { ...holdfast, name: 'holdfast, without its request log', env: { LOG_LEVEL: 'warn' } },
  { ...holdfast, name: 'holdfast, without telemetry', env: { TELEMETRY: 'off' } },
]

/** The minimal server, without any of Holdfast's features. */
export const nodeHttp: Participant = { name: 'node:http', server: 'node-http', promises: nothing }
const hono: Participant = { name: 'Hono', server: 'hono', promises: nothing }
const fastify: Participant = { name: 'Fastify', server: 'fastify', promises: nothing }

/** Returns the same participant, on Bun. */
function onBun(participant: Participant): Participant {
  return { ...participant, name: `${participant.name} on Bun`, runtime: 'bun' }
}

const onBuns = [nodeHttp, hono, fastify, holdfast].map(onBun)

/** The participants of the tasks that only read. */
export const readers: readonly Participant[] = [
  nodeHttp,
  hono,
  fastify,
  { name: 'Express', server: 'express' },
  { name: 'NestJS on Fastify', server: 'nest' },
  holdfast,
  ...lessOfHoldfast,
  ...onBuns,
]

/** The participants of the mutation task. */
export const writers: readonly Participant[] = [
  nodeHttp,
  fastify,
  { name: 'Fastify, key in Redis', server: 'fastify-redis', promises: keyBeside, redis: 'volatile' },
  {
    name: 'Fastify, key in Redis, job in BullMQ',
    server: 'fastify-bullmq',
    promises: lostWithRedis,
    redis: 'volatile',
  },
  {
    name: 'same, with appendfsync always',
    server: 'fastify-bullmq',
    promises: jobBehind,
    redis: 'durable',
  },
  holdfast,
  ...lessOfHoldfast,
  ...onBuns.filter(({ server }) => server !== 'hono'),
]

const ownWire: Participant = { ...holdfast, name: 'holdfast, own wire', env: { WIRE: 'holdfast' } }

/** The same servers over TCP and over a Unix socket. */
export const socketUsers: readonly Participant[] = [holdfast, ownWire, fastify].flatMap((participant) => [
  participant,
  { ...participant, name: `${participant.name}, over a Unix socket`, usesSocket: true },
])

const withJob = { JOB: 'on' }

/**
 * Holdfast with its defaults and a job in its mutation: the baseline of the tasks on equal footing.
 */
export const complete: Participant = {
  ...holdfast,
  env: withJob,
  traces: true,
  promises: 'executed once, even if a process dies: key, answer, effect and job are one commit',
}

const completeSending: Participant = {
  ...complete,
  name: 'holdfast, sent to a collector',
  sends: true,
}

const completeWithoutTraces: Participant = {
  ...complete,
  name: 'holdfast, metrics and no traces',
  traces: false,
  env: { ...withJob, OTEL_TRACES_SAMPLER: 'always_off' },
}

const assembledEnv = { ...withJob, STATEMENT_TIMEOUT: '5000' }
const assembled: Participant = {
  name: 'Fastify assembled, with OpenTelemetry',
  server: 'fastify-assembled',
  env: assembledEnv,
  traces: true,
  promises: lostWithRedis,
  redis: 'volatile',
}

const assembledLean: Participant = {
  ...assembled,
  name: 'Fastify assembled, with few spans of OpenTelemetry',
  env: { ...assembledEnv, SPANS: 'lean' },
}

const assembledWithoutOpenTelemetry: Participant = {
  ...assembled,
  name: 'Fastify assembled, without OpenTelemetry',
  env: { ...assembledEnv, TELEMETRY: 'off' },
  traces: false,
  comparedWith: completeWithoutTraces,
}

/** The participants of the tasks that compare servers with the same features. */
export const equals: readonly Participant[] = [
  assembled,
  assembledLean,
  {
    ...assembledLean,
    name: 'Fastify assembled, with few spans, sent to a collector',
    sends: true,
    comparedWith: completeSending,
  },
  assembledWithoutOpenTelemetry,
  complete,
  completeSending,
  completeWithoutTraces,
  onBun(assembledWithoutOpenTelemetry),
  onBun(complete),
]

/** The participants whose features are checked. The last participant lacks some features. */
export const checked: readonly Participant[] = [
  ...equals.filter(({ sends }) => sends !== true),
  onBun(assembledLean),
]
