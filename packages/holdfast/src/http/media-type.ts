import { ProblemError } from '../kernel/problem.ts'
import { UnsupportedMediaType } from '../kernel/problems.ts'
import type { HttpRequest } from './http-request.ts'

// A media type as RFC 9110 section 8.3.1 has it. Of blanks, each belongs to one part of the expression
// only: otherwise it would take exponential time for some texts that do not match.
const token = "[A-Za-z0-9!#$%&'*+.^_`|~-]+"
const parameter = `(${token})=(?:(${token})|"((?:[^"\\\\]|\\\\.)*)")`
const mediaTypeForm = new RegExp(`^(${token}/${token})[\\t ]*((?:;[\\t ]*(?:${parameter}[\\t ]*)?)*)$`)
const parameterForm = new RegExp(parameter, 'g')
const jsonForm = /^application\/(?:json|[a-z0-9!#$&^_.+-]+\+json)$/

/**
 * Refuses content that is not JSON in UTF-8, as it stands. Two fields, which some runtimes join with a
 * comma, are no media type. Throws `UnsupportedMediaType`.
 */
export function checkMediaType({ header }: HttpRequest): void {
  const mediaType = header('content-type')
  if (mediaType === undefined) throw unsupported('The request has a body and no Content-Type.')
  const [, essence = '', parameters = ''] = mediaTypeForm.exec(mediaType) ?? []
  if (!jsonForm.test(essence.toLowerCase())) throw unsupported('The Content-Type has to be application/json.')
  for (const [, name, plain, quoted] of parameters.matchAll(parameterForm)) {
    const isCharset = name!.toLowerCase() === 'charset'
    if (isCharset && (plain ?? quoted)!.toLowerCase() !== 'utf-8') {
      throw unsupported('The charset has to be utf-8.')
    }
  }
  const encoding = header('content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw unsupported('The body has to come without a Content-Encoding.')
  }
}

function unsupported(detail: string): ProblemError {
  return new ProblemError(UnsupportedMediaType, {
    detail,
    extra: {},
    headers: { accept: 'application/json', 'accept-encoding': 'identity' },
  })
}
