import { pages } from 'holdfast'
import { webhookProblems } from 'holdfast/webhooks'
import { z } from 'zod'
import { ownAccount } from './access.ts'
import { mutation, query } from './app.ts'
import { Line } from './text.ts'
import { transferWebhooks } from './transfer-webhooks.ts'

const Url = z.string().max(2_048).meta({ example: 'https://example.com/hooks' })

const Endpoint = z.object({
  id: z.uuid(),
  url: z.string(),
  description: z.string(),
  state: z.enum(['enabled', 'disabled']),
  reason: z.string().nullable(),
  failingSince: z.iso.datetime().nullable(),
})

const Secret = z.string().meta({ redact: true, description: 'Signing secret of its webhooks.' })

const Attempt = z.object({
  attemptedAt: z.iso.datetime(),
  durationMs: z.int(),
  status: z.int().nullable(),
  answer: z.string().nullable(),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
})

const Delivery = z.object({
  id: z.uuid(),
  endpoint: z.uuid(),
  event: z.string(),
  state: z.enum(['pending', 'delivered', 'failed']),
  createdAt: z.iso.datetime(),
  attempts: z.array(Attempt).max(20),
})

const ofAccount = z.object({ account: z.uuid() })
const owned = z.object({ account: z.uuid(), id: z.uuid() })

export const addWebhookEndpoint = mutation({
  route: 'POST /accounts/{account}/webhook-endpoints',
  summary: 'Send the transfers of an account to a URL',
  access: ownAccount('account', 'webhooks:write'),
  input: ofAccount.extend({ url: Url, description: Line.max(100).optional() }),
  output: Endpoint.extend({ secret: Secret }),
  status: 201,
  problems: webhookProblems,
  run: ({ input: { account, ...endpoint }, transaction }) =>
    transferWebhooks.addEndpoint(transaction, { owner: account, ...endpoint }),
})

export const listWebhookEndpoints = query({
  route: 'GET /accounts/{account}/webhook-endpoints',
  summary: 'List the webhook endpoints of an account',
  access: ownAccount('account', 'webhooks:write'),
  input: pages.input(ofAccount),
  output: pages.output(Endpoint),
  run: ({ input, statements, page }) =>
    page(input, transferWebhooks.listEndpoints(statements, { owner: input.account })),
})

export const removeWebhookEndpoint = mutation({
  route: 'DELETE /accounts/{account}/webhook-endpoints/{id}',
  summary: 'Remove a webhook endpoint',
  access: ownAccount('account', 'webhooks:write'),
  input: owned,
  problems: webhookProblems,
  run: ({ input: { account, id }, transaction }) =>
    transferWebhooks.removeEndpoint(transaction, { owner: account, id }),
})

export const rotateWebhookSecret = mutation({
  route: 'POST /accounts/{account}/webhook-endpoints/{id}/secret',
  summary: 'Rotate the secret of an endpoint; both are valid for a day',
  access: ownAccount('account', 'webhooks:write'),
  input: owned,
  output: z.object({ secret: Secret }),
  problems: webhookProblems,
  run: ({ input: { account, id }, transaction }) =>
    transferWebhooks.rotateSecret(transaction, { owner: account, id }),
})

export const listWebhookDeliveries = query({
  route: 'GET /accounts/{account}/webhook-deliveries',
  summary: 'List what was sent for an account, newest first, with each attempt',
  access: ownAccount('account', 'webhooks:write'),
  input: pages.input(ofAccount),
  output: pages.output(Delivery),
  run: ({ input, statements, page }) =>
    page(input, transferWebhooks.listDeliveries(statements, { owner: input.account })),
})

export const replayWebhookDelivery = mutation({
  route: 'POST /accounts/{account}/webhook-deliveries/{id}/replay',
  summary: 'Send a delivery again',
  access: ownAccount('account', 'webhooks:write'),
  input: owned,
  status: 202,
  problems: webhookProblems,
  run: ({ input: { account, id }, transaction }) =>
    transferWebhooks.replayDelivery(transaction, { owner: account, id }),
})
