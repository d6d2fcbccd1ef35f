import { type Caller, pages, recentlySignedIn, signedIn } from 'holdfast'
import { type ApiKeyCaller, ApiKeyEnded, ApiKeyUnknown } from 'holdfast/identity'
import { z } from 'zod'
import { keys, mutation, query } from './app.ts'
import { scopes } from './scopes.ts'
import { Line } from './text.ts'

const ApiKey = z.object({
  id: z.uuid(),
  name: z.string(),
  start: z.string().meta({ description: 'The first characters of the key.' }),
  scopes: z.array(z.string()).max(scopes.length),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
  lastUsedAt: z.iso.datetime().nullable(),
})

const NewApiKey = ApiKey.extend({
  key: z.string().meta({ redact: true, description: 'The key. No other answer contains it.' }),
})

const byId = z.object({ id: z.uuid() })

/** The programs of a customer. They act in the tenant of the customer, within their scopes. */
const programsOf = ({ id = '', tenant }: Caller): ApiKeyCaller => ({
  kind: 'service',
  id,
  ...(tenant === undefined ? {} : { tenant }),
})

export const createApiKey = mutation({
  route: 'POST /api-keys',
  summary: 'Create an API key for a program',
  access: recentlySignedIn('1h'),
  input: z.object({
    name: Line.trim().min(1).max(100),
    scopes: z.array(z.enum(scopes)).min(1).max(scopes.length),
  }),
  output: NewApiKey,
  status: 201,
  sealed: true,
  trail: true,
  run: ({ input, caller, transaction }) =>
    keys.createKey(transaction, { ...input, caller: programsOf(caller) }),
})

export const listApiKeys = query({
  route: 'GET /api-keys',
  summary: 'List the API keys, oldest first',
  access: signedIn(),
  input: pages.input(),
  output: pages.output(ApiKey),
  run: ({ input, caller, statements, page }) =>
    page(input, keys.listKeys(statements, { caller: programsOf(caller) })),
})

export const rotateApiKey = mutation({
  route: 'POST /api-keys/{id}/rotate',
  summary: 'Replace an API key; both are valid for a day',
  access: recentlySignedIn('1h'),
  input: byId,
  output: NewApiKey,
  status: 201,
  sealed: true,
  trail: true,
  problems: [ApiKeyUnknown, ApiKeyEnded],
  run: ({ input: { id }, caller, transaction }) =>
    keys.rotateKey(transaction, { id, caller: programsOf(caller) }),
})

export const revokeApiKey = mutation({
  route: 'DELETE /api-keys/{id}',
  summary: 'Revoke an API key',
  access: signedIn(),
  input: byId,
  output: ApiKey,
  trail: true,
  problems: [ApiKeyUnknown],
  run: ({ input: { id }, caller, transaction }) =>
    keys.revokeKey(transaction, { id, caller: programsOf(caller) }),
})
