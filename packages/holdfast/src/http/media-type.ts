import { ProblemError } from '../kernel/problem.ts'
import { UnsupportedMediaType } from '../kernel/problems.ts'
import type { HttpRequest } from './http-request.ts'

const jsonForm = /^application\/(?:json|[a-z0-9!#$&^_.+-]+\+json)$/
const charsetForm = /;\s*charset\s*=\s*"?([^\s";]*)"?/i

/** Refuses content that is not JSON in UTF-8, as it stands. Throws `UnsupportedMediaType`. */
export function checkMediaType({ header }: HttpRequest): void {
  const mediaType = header('content-type')
  if (mediaType === undefined) throw unsupported('The request has a body and no Content-Type.')
  const essence = mediaType.split(';', 1)[0]!.trim().toLowerCase()
  if (!jsonForm.test(essence)) throw unsupported('The Content-Type has to be application/json.')
  const charset = charsetForm.exec(mediaType)?.[1]
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8')
    throw unsupported('The charset has to be utf-8.')
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
