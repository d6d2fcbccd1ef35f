import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'

/** A failure that the client sees, in the format of RFC 9457. */
export class Problem extends Error {
  readonly code: string
  readonly status: number
  readonly detail: string | undefined

  constructor(code: string, { status, title, detail }: ProblemOptions) {
    super(title)
    this.code = code
    this.status = status
    this.detail = detail
  }
}

interface ProblemOptions {
  readonly status: number
  readonly title: string
  readonly detail?: string
}

/** Sends every failure as `application/problem+json`. */
export function answerWithProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => send(toProblem(error), request, reply))
  app.setNotFoundHandler((request, reply) => {
    return send(new Problem('route-not-found', { status: 404, title: 'No such route' }), request, reply)
  })
}

function send(problem: Problem, { id }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { code, status, message, detail } = problem
  return reply
    .code(status)
    .type('application/problem+json')
    .header('cache-control', 'no-store')
    .send(JSON.stringify({ type: `/problems/${code}`, title: message, status, detail, code, requestId: id }))
}

function toProblem(error: FastifyError): Problem {
  if (error instanceof Problem) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    return new Problem('input-invalid', { status: 422, title: 'Invalid input', detail: error.message })
  }
  if (error.code === 'FST_ERR_HANDLER_TIMEOUT') {
    return new Problem('deadline-exceeded', { status: 504, title: 'The deadline has passed' })
  }
  const status = error.statusCode ?? 500
  if (status >= 500) return new Problem('internal-error', { status, title: 'Internal error' })
  return new Problem('bad-request', { status, title: 'Malformed request', detail: error.message })
}
