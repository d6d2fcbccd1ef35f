import { ProblemError } from '../../../kernel/problem/problem.ts'
import { UnsupportedMediaType } from '../../../kernel/problem/problems.ts'
import type { HttpRequest } from './http-request.ts'

// A media type (RFC 9110 section 8.3.1). Only one part of the expression can match a given
// whitespace character; otherwise the expression would take exponential time to reject some texts.
const token = "[A-Za-z0-9!#$%&'*+.^_`|~-]+"
const parameter = `(${token})=(?:(${token})|"((?:[^"\\\\]|\\\\.)*)")`
const mediaTypeForm = new RegExp(`^(${token}/${token})[\\t ]*((?:;[\\t ]*(?:${parameter}[\\t ]*)?)*)$`)
const parameterForm = new RegExp(parameter, 'g')
const jsonForm = /^application\/(?:json|[a-z0-9!#$&^_.+-]+\+json)$/

/**
 * Rejects a body unless its headers declare JSON in UTF-8 without a content encoding. Also rejects
 * two `Content-Type` fields, which some runtimes join with a comma. Throws `UnsupportedMediaType`.
 */
export function checkMediaType({ header }: HttpRequest): void {
  const mediaType = header('content-type')
  if (mediaType === undefined) throw unsupported('The request has a body, but no Content-Type.')
  // Most clients send exactly this text, which does not need to be parsed.
  if (mediaType !== 'application/json') requireJson(mediaType)
  const encoding = header('content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw unsupported('Content-Encoding is not supported; send the body unencoded.')
  }
}

function requireJson(mediaType: string): void {
  const [, essence = '', parameters = ''] = mediaTypeForm.exec(mediaType) ?? []
  if (!jsonForm.test(essence.toLowerCase())) throw unsupported('The Content-Type must be application/json.')
  for (const [, name, plain, quoted] of parameters.matchAll(parameterForm)) {
    const isCharset = name!.toLowerCase() === 'charset'
    if (isCharset && (plain ?? quoted)!.toLowerCase() !== 'utf-8') {
      throw unsupported('The charset must be utf-8.')
    }
  }
}

function unsupported(detail: string): ProblemError {
  return new ProblemError(UnsupportedMediaType, {
    detail,
    extra: {},
    headers: { accept: 'application/json', 'accept-encoding': 'identity' },
  })
}
