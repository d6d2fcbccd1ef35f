import { randomUUID } from 'node:crypto'
import fastifyEtag from '@fastify/etag'
import type { FastifyOtelInstrumentation } from '@fastify/otel'
import { fastify, type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { keysInRedis } from '../idempotency-in-redis.ts'
import { readAccount, transferUnsafely } from '../work.ts'
import { answerWithProblems, Problem } from './problems.ts'
import { measureWithPrometheus } from './prometheus.ts'
import { openReceipts } from './receipts.ts'
import { createLogger, identifyRequests } from './request-log.ts'

const deadlineMs = 5_000

/**
 * Starts Fastify with plugins for everything that Holdfast does by default: validation, problems,
 * entity tags, request ids, a deadline, a log line, metrics, idempotency keys and jobs. With
 * `tracing`, records traces and OpenTelemetry's metrics; otherwise only metrics for Prometheus.
 */
export async function startService(tracing?: FastifyOtelInstrumentation): Promise<void> {
  const logger: FastifyBaseLogger = createLogger()
  const app = fastify({
    loggerInstance: logger,
    // Disables Fastify's own request log, which writes two lines per request.
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: 'x-request-id',
    genReqId: () => randomUUID(),
    handlerTimeout: deadlineMs,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  if (tracing) await app.register(tracing.plugin())
  else measureWithPrometheus(app)
  identifyRequests(app)
  answerWithProblems(app)
  // Only queries get entity tags, because Holdfast sends none with a mutation's answer.
  await app.register(async (scope) => {
    await scope.register(fastifyEtag)
    addQueries(scope)
  })
  addMutation(app)
  await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
}

const Hello = z.object({ hello: z.string(), n: z.int() })
const Account = z.object({ id: z.int(), name: z.string(), balance: z.int() })
const AccountPath = z.object({ id: z.coerce.number().int() })
const Transfer = z.object({ id: z.int(), account: z.int(), amount: z.int() })
const TransferInput = z.object({ account: z.int(), amount: z.int() })

function addQueries(scope: FastifyInstance): void {
  const app = scope.withTypeProvider<ZodTypeProvider>()
  app.get('/hello', { config: { operation: 'hello' }, schema: { response: { 200: Hello } } }, async () => ({
    hello: 'world',
    n: 1,
  }))
  app.get(
    '/accounts/:id',
    { config: { operation: 'readAccount' }, schema: { params: AccountPath, response: { 200: Account } } },
    ({ params }) => readAccount(params.id),
  )
}

function addMutation(app: FastifyInstance): void {
  const receipts = openReceipts(process.env)
  app.withTypeProvider<ZodTypeProvider>().post(
    '/transfers',
    {
      config: { operation: 'createTransfer' },
      schema: { body: TransferInput, response: { 200: Transfer } },
      ...keysInRedis(({ code, ...refusal }) => new Problem(code, refusal)),
    },
    async ({ body }) => {
      const made = await transferUnsafely(body)
      await receipts.send(made)
      return made
    },
  )
}
