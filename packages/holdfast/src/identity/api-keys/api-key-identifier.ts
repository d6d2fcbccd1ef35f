import { settle } from '../../kernel/base/thenable.ts'
import type { UseRecord } from '../../kernel/host/use-record.ts'
import type { Caller } from '../../kernel/operation/caller.ts'
import type { Credentials } from '../../kernel/operation/credentials.ts'
import type { Identifier } from '../../kernel/operation/identifier.ts'
import { Unauthenticated } from '../../kernel/problem/problems.ts'
import { cachedIdentifier, type LookupContext } from '../cache/cached-identifier.ts'
import { bearerToken } from './bearer-token.ts'
import { hashKeyText, isKeyText } from './api-key-text.ts'
import { type FoundKeyRow, readApiKey, recordKeyUse } from './queries/api-keys.ts'

/** Options of {@link apiKeyIdentifier}. */
export interface ApiKeyIdentifierOptions {
  /** The part of a key before its random characters: `hf_live`. */
  readonly prefix: string
  /** The name of the header, if keys are not bearer tokens. */
  readonly header: string | undefined
}

const use: UseRecord = { statement: (ids) => withValues(recordKeyUse(ids)) }

/** A caller, and the id of the key that identified it. */
interface KeyCaller extends Caller {
  readonly apiKey: string
}

/** Returns the identifier of callers with API keys. */
export function apiKeyIdentifier({ prefix, header }: ApiKeyIdentifierOptions): Identifier {
  const remembered = cachedIdentifier({
    name: 'api-key',
    securitySchemes: {
      apiKey: {
        ...(header === undefined ? { scheme: 'bearer' } : { in: 'header', name: header }),
        description: `An API key: \`${prefix}_…\`.`,
      },
    },
    key: (credentials) => readKey(credentials, { prefix, header }),
    load: findCaller,
  })
  return recordingUses(remembered)
}

/** Returns an identifier that records every use of a key. */
function recordingUses(identifier: Identifier): Identifier {
  return {
    ...identifier,
    identify: (credentials) =>
      settle(
        () => identifier.identify(credentials),
        (caller) => {
          if (caller) credentials.recordUse(use, (caller as KeyCaller).apiKey)
          return caller
        },
        (error) => {
          throw error
        },
      ),
    forService: (host) => recordingUses(identifier.forService?.(host) ?? identifier),
  }
}

/** Returns the key of a request; `undefined` if the request has none. */
function readKey({ header }: Credentials, options: ApiKeyIdentifierOptions): string | undefined {
  const text = options.header === undefined ? bearerToken(header) : header(options.header.toLowerCase())
  if (text === undefined) return undefined
  const isOurs = text.startsWith(`${options.prefix}_`)
  // A bearer token with a different prefix belongs to a different identifier. The content of the
  // option's header does not.
  if (!isOurs && options.header === undefined) return undefined
  if (isOurs && isKeyText(options.prefix, text)) return text
  throw Unauthenticated({ detail: 'The API key is malformed: it was mistyped or truncated.' })
}

async function findCaller(key: string, { statements }: LookupContext): Promise<Caller> {
  const { text, values = [] } = readApiKey(statements.service, hashKeyText(key))
  const { rows } = await statements.query<FoundKeyRow>(text, values)
  const [row] = rows
  if (!row) throw Unauthenticated({ detail: 'The API key is unknown.' })
  if (row.is_revoked) throw Unauthenticated({ detail: 'The API key was revoked.' })
  if (row.is_expired) throw Unauthenticated({ detail: 'The API key has expired.' })
  const { id, kind, caller, tenant, scopes } = row
  const found: KeyCaller = {
    kind,
    id: caller,
    ...(tenant === null ? {} : { tenant }),
    scopes,
    apiKey: id,
  }
  return found
}

function withValues({ text, values = [] }: ReturnType<typeof recordKeyUse>) {
  return { text, values }
}
