import { readFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { isUnixSocket, serverOf } from './database-url.ts'

/**
 * Reads the encryption parameters of a `postgres://` URL. `sslmode` and the related parameters have
 * the same meaning as in libpq. It differs from libpq only in being stricter: it rejects unclear
 * values.
 *
 * | `sslmode`       | encrypted | certificate checked                                 | host name checked |
 * | --------------- | --------- | --------------------------------------------------- | ----------------- |
 * | none, `disable` | no        |                                                     |                   |
 * | `require`       | yes       | only if `sslrootcert` is set                        | no                |
 * | `verify-ca`     | yes       | against `sslrootcert`, which is required            | no                |
 * | `verify-full`   | yes       | against `sslrootcert`; default: the CAs Node trusts | yes               |
 *
 * `allow` and `prefer` are rejected: an attacker in the middle can turn the encryption off. A Unix
 * socket is never encrypted: as in libpq, these parameters are ignored there.
 */

/** The encryption of a connection. */
export interface ConnectionTls {
  /** Options of the TLS handshake; `undefined` if the connection is not encrypted. */
  readonly options: ConnectionOptions | undefined
  /** True if the server's certificate is checked. */
  readonly isVerified: boolean
  /** True if TLS starts without asking the server first (`sslnegotiation=direct`). */
  readonly isDirect: boolean
}

/** The URL parameters that {@link readTls} reads. */
export const tlsParameters: readonly string[] = [
  'ssl',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslpassword',
  'sslnegotiation',
  'uselibpqcompat',
]

const unencrypted: ConnectionTls = { options: undefined, isVerified: false, isDirect: false }

type Mode = 'disable' | 'require' | 'verify-ca' | 'verify-full'

/**
 * Reads the encryption parameters of a URL.
 *
 * @throws HoldfastError `configuration-invalid` if a parameter is invalid or unsupported, or names
 * a file that cannot be read.
 */
export function readTls(url: URL): ConnectionTls {
  if (isUnixSocket(url)) return unencrypted
  const parameters = url.searchParams
  const mode = readMode(parameters)
  const negotiation = parameters.get('sslnegotiation') ?? 'postgres'
  if (!['postgres', 'direct'].includes(negotiation))
    throw invalid('sslnegotiation', negotiation, 'Use postgres or direct.')
  if (mode === 'disable') {
    if (negotiation === 'direct') throw invalid('sslnegotiation', negotiation, 'Add sslmode=verify-full.')
    return unencrypted
  }
  const isDirect = negotiation === 'direct'
  const root = parameters.get('sslrootcert') ?? undefined
  const authority = root === undefined || root === 'system' ? undefined : readFile('sslrootcert', root)
  if (root === 'system' && mode !== 'verify-full') {
    throw invalid('sslmode', mode, 'With sslrootcert=system, use verify-full.')
  }
  if (mode === 'verify-ca' && authority === undefined) {
    throw invalid(
      'sslmode',
      mode,
      'Set sslrootcert to your own CA (any host can get a certificate from a public CA), or use verify-full.',
    )
  }
  const isChecked = mode !== 'require' || authority !== undefined
  return {
    options: {
      rejectUnauthorized: isChecked,
      ...(authority === undefined ? {} : { ca: authority }),
      ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
      ...readClientCertificate(parameters),
    },
    isVerified: isChecked,
    isDirect,
  }
}

/** Returns whether a URL points to the local machine: a Unix socket or the loopback interface. */
export function isLocal(url: URL): boolean {
  if (isUnixSocket(url)) return true
  const host = serverOf(url)
    .host.replace(/^\[(.+)\]$/, '$1')
    .toLowerCase()
  if (host === '' || host === 'localhost' || host === '::1') return true
  // Other names, such as those ending in `.localhost`, may be resolved by DNS.
  return isIPv4(host) && host.startsWith('127.')
}

/** Reads `sslmode`, or the `ssl` parameter that Node drivers accept in its place. */
function readMode(parameters: URLSearchParams): Mode {
  const ssl = parameters.get('ssl')
  const fallback = ssl === 'true' || ssl === '1' ? 'verify-full' : ssl === 'no-verify' ? 'require' : 'disable'
  const needsTls = ['sslrootcert', 'sslcert', 'sslkey'].some((name) => parameters.has(name))
  const mode = parameters.get('sslmode') ?? (fallback === 'disable' && needsTls ? 'verify-full' : fallback)
  switch (mode) {
    case 'disable':
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return mode
    case 'no-verify':
      return 'require'
    case 'allow':
    case 'prefer':
      throw invalid(
        'sslmode',
        mode,
        'An attacker can downgrade the connection to no encryption. Use verify-full, or disable.',
      )
    default:
      throw invalid('sslmode', mode, 'Use verify-full, verify-ca, require or disable.')
  }
}

function readClientCertificate(parameters: URLSearchParams): ConnectionOptions {
  const [certificate, key, passphrase] = ['sslcert', 'sslkey', 'sslpassword'].map((name) =>
    parameters.get(name),
  )
  return {
    ...(certificate ? { cert: readFile('sslcert', certificate) } : {}),
    ...(key ? { key: readFile('sslkey', key) } : {}),
    ...(passphrase ? { passphrase } : {}),
  }
}

function readFile(parameter: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new HoldfastError(
      'configuration-invalid',
      `The database URL contains ${parameter}=${path}, a file that cannot be read. Mount the file there, or correct the path.`,
      { cause },
    )
  }
}

function invalid(parameter: string, value: string, fix: string): HoldfastError {
  return new HoldfastError(
    'configuration-invalid',
    `The database URL contains ${parameter}=${value}, which is not supported. ${fix}`,
  )
}
