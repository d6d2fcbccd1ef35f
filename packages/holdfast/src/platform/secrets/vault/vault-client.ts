import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { text } from 'node:stream/consumers'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

/** The parts of a {@link VaultClient}. */
export interface VaultTarget {
  readonly address: string
  readonly namespace: string | undefined
  readonly caFile: string | undefined
}

/** A request to Vault. */
export interface VaultRequest {
  readonly method: 'GET' | 'PUT'
  /** The path after `/v1/`, which may have a query. */
  readonly path: string
  readonly token?: string | undefined
  readonly body?: unknown
  readonly signal: AbortSignal
}

/** The fields of Vault's responses that are read. */
export interface VaultAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly auth?: VaultAuth | null
  readonly lease_id?: string
  readonly lease_duration?: number
  readonly renewable?: boolean
}

/** The result of a sign-in, or of the renewal of a token. */
export interface VaultAuth {
  readonly client_token: string
  readonly lease_duration: number
  readonly renewable: boolean
}

/** A response of Vault that is not a success. */
export class VaultRefusal extends HoldfastError {
  readonly status: number

  constructor(status: number, message: string) {
    super(permanent.has(status) ? 'secret-unreadable' : 'secret-manager-unavailable', message)
    this.status = status
  }
}

const maxReason = 200
// Statuses of a request that cannot succeed later without a change in Vault: malformed, denied, no
// such path, wrong method.
const permanent: ReadonlySet<number> = new Set([400, 403, 404, 405])

const hints: Readonly<Record<number, string>> = {
  403: 'Allow the token to read the path: a policy with path "…" { capabilities = ["read"] }.',
  404: 'Check the path and the namespace. A path of the KV engine, version 2, contains data/ after the mount.',
  503: 'Vault is sealed or in maintenance.',
}

/** Sends requests to Vault. Follows no redirects, which would send the token elsewhere. */
export class VaultClient {
  readonly #target: VaultTarget
  readonly #base: URL

  constructor(target: VaultTarget) {
    this.#target = target
    this.#base = new URL(`${target.address.replace(/\/+$/, '')}/v1/`)
  }

  /**
   * Returns Vault's response.
   *
   * @throws HoldfastError `secret-unreadable` if a retry cannot help, else
   *   `secret-manager-unavailable`.
   */
  async send({ method, path, token, body, signal }: VaultRequest): Promise<VaultAnswer> {
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const { namespace } = this.#target
    const { status, answer } = await this.#exchange(path, payload, {
      method,
      signal,
      headers: {
        'x-vault-request': 'true',
        ...(token === undefined ? {} : { 'x-vault-token': token }),
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      },
    })
    if (status === 204) return {}
    if (status === 200) return parse(answer)
    throw this.#refusal(status, path, answer)
  }

  #exchange(path: string, payload: string | undefined, options: RequestOptions) {
    const url = new URL(path, this.#base)
    if (!url.href.startsWith(this.#base.href)) {
      throw new HoldfastError(
        'secret-unreadable',
        `The path ${JSON.stringify(path)} leads out of ${this.#base.href}. Remove the dots.`,
      )
    }
    const { caFile } = this.#target
    // The authority is read for each request, because it may be replaced.
    const ca = caFile === undefined ? {} : { ca: readFileSync(caFile) }
    const isEncrypted = url.protocol === 'https:'
    const { request: send } = process.getBuiltinModule(isEncrypted ? 'node:https' : 'node:http')
    return new Promise<{ readonly status: number; readonly answer: string }>((resolve, reject) => {
      const sent = send(url, { ...options, ...ca, agent: false }, (incoming) => {
        text(incoming).then((answer) => resolve({ status: incoming.statusCode ?? 0, answer }), reject)
      })
      sent.on('error', reject)
      sent.end(payload)
    })
  }

  #refusal(status: number, path: string, answer: string): VaultRefusal {
    const where = `Vault at ${this.#base.host} answered ${status} for ${path.split('?', 1)[0]}`
    return new VaultRefusal(
      status,
      [`${where}${reasonOf(answer)}.`, hints[status]].filter((part) => part !== undefined).join(' '),
    )
  }
}

function parse(answer: string): VaultAnswer {
  try {
    return JSON.parse(answer) as VaultAnswer
  } catch {
    // The error of the parser would contain a part of the response, and so of the secret.
    throw new HoldfastError('secret-manager-unavailable', 'Vault sent a response that is not JSON.')
  }
}

/** Returns Vault's own words. Responses with other bodies are not shown. */
function reasonOf(answer: string): string {
  try {
    const { errors } = JSON.parse(answer) as { readonly errors?: readonly unknown[] }
    const words = errors?.filter((error) => typeof error === 'string').join('; ') ?? ''
    return words === '' ? '' : ` (${words.replaceAll(/\s+/g, ' ').trim().slice(0, maxReason)})`
  } catch {
    return ''
  }
}
