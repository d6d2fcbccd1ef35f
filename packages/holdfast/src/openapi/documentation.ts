import { type Answer, jsonType } from '../kernel/answer.ts'
import { RouteNotFound } from '../kernel/problems.ts'
import { parseRoute } from '../kernel/route.ts'
import type { RunningService } from '../kernel/service.ts'
import type { Responder } from '../http/responder.ts'
import type { RouteEntry } from '../http/route-table.ts'
import { missingPage, referencePage } from './reference-page.ts'
import { readReferenceBundle, type ReferenceBundle } from './reference-bundle.ts'
import { toOpenApi } from './to-open-api.ts'

/**
 * The pages with which a service documents its API: `/openapi.json`, and `/docs`, a reference made of it by Scalar where the
 * package `@scalar/api-reference` is installed. Everything is made when it is first asked for.
 */
export function documentation(
  running: RunningService,
  readBundle: () => Promise<ReferenceBundle | undefined> = readReferenceBundle,
): readonly RouteEntry<Responder>[] {
  const document = once((): Answer => {
    const body = JSON.stringify(toOpenApi(running))
    return { status: 200, headers: { 'content-type': jsonType }, body }
  })
  const bundle = once(readBundle)
  const page = once(async () => {
    const found = await bundle()
    return found ? referencePage(running, found) : missingPage(running)
  })

  const asset: Responder = async (_request, { parameters }) => {
    const found = await bundle()
    if (!found || found.name !== parameters['asset']) throw RouteNotFound()
    return toAsset(found)
  }
  return [
    { route: parseRoute('GET /openapi.json'), target: document },
    { route: parseRoute('GET /docs'), target: page },
    { route: parseRoute('GET /docs/{asset}'), target: asset },
  ]
}

/** Its name changes with its bytes, so that whoever has it never asks again. */
function toAsset({ text }: ReferenceBundle): Answer {
  const headers = {
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
  }
  return { status: 200, headers, body: text }
}

/** Makes something when it is first asked for, and keeps it. What failed is tried again. */
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
