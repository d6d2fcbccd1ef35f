import { jsonType } from '../../kernel/operation/answer.ts'
import { RouteNotFound } from '../../kernel/problem/problems.ts'
import { parseRoute } from '../../kernel/operation/route.ts'
import type { RunningService } from '../../kernel/service/service.ts'
import { type HttpAnswer, staticAnswer } from '../http/answer/http-answer.ts'
import type { Responder } from '../http/responder.ts'
import type { RouteEntry } from '../http/route-table.ts'
import type { OpenApiDocument } from './open-api-document.ts'
import { missingPage, referencePage } from './reference-page.ts'
import { readReferenceBundle, type ReferenceBundle } from './reference-bundle.ts'
import { toOpenApi } from './to-open-api.ts'

/**
 * Returns the documentation pages of a service: `/openapi.json`, and `/docs`, an API reference
 * rendered by Scalar if the package `@scalar/api-reference` is installed. Everything is created on
 * the first request.
 *
 * @example
 * ```ts
 * await using tested = await createTestService(shop, { http: { pages: documentation } })
 *
 * const response = await tested.fetch('/openapi.json')
 * ```
 */
export function documentation(
  running: RunningService,
  readBundle: () => Promise<ReferenceBundle | undefined> = readReferenceBundle,
): readonly RouteEntry<Responder>[] {
  const openApi = once(() => toOpenApi(running))
  const document = once((): HttpAnswer => {
    const body = JSON.stringify(openApi())
    return staticAnswer({ status: 200, headers: { 'content-type': jsonType }, body })
  })
  const bundle = once(readBundle)
  const page = once(async () => {
    const found = await bundle()
    const securityScheme = enteredScheme(openApi())
    return found ? referencePage({ name: running.name, securityScheme }, found) : missingPage(running)
  })

  const script = once(async () => {
    const found = await bundle()
    return found && { name: found.name, answer: toAsset(found) }
  })
  const asset: Responder = async (_request, { parameters }) => {
    const found = await script()
    if (!found || found.name !== parameters['asset']) throw RouteNotFound()
    return found.answer
  }
  return [
    { route: parseRoute('GET /openapi.json'), target: document },
    { route: parseRoute('GET /docs'), target: page },
    { route: parseRoute('GET /docs/{asset}'), target: asset },
  ]
}

/**
 * Returns the first security scheme whose credentials a reader can enter. A page cannot set cookies
 * of other names; the browser adds the cookie of a signed-in reader by itself.
 */
function enteredScheme({ components }: OpenApiDocument): string | undefined {
  const schemes = Object.entries(components.securitySchemes)
  return schemes.find(([, scheme]) => !('in' in scheme && scheme.in === 'cookie'))?.[0]
}

/** Returns the script. Clients cache it permanently, because its name changes if its bytes do. */
function toAsset({ bytes }: ReferenceBundle): HttpAnswer {
  const headers = {
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
  }
  return staticAnswer({ status: 200, headers, body: bytes })
}

/**
 * Returns a function that creates a value on the first call and caches it. A failure is not cached.
 */
function once<T>(make: () => T): () => T {
  let kept: { readonly value: T } | undefined
  return () => {
    if (kept) return kept.value
    const value = make()
    kept = { value }
    if (value instanceof Promise) value.catch(() => (kept = undefined))
    return value
  }
}
