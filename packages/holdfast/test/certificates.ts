import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** A certificate and its private key, both in PEM. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
}

/** A certificate authority for tests. */
export interface TestAuthority extends Certificate {
  /** Returns a certificate for host names, IPv4 addresses and URIs. */
  issue(...hosts: readonly string[]): Certificate
}

const ecdsaWithSha256 = sequence(oid(1, 2, 840, 10_045, 4, 3, 2))
const dayMs = 24 * 60 * 60 * 1_000

/** Creates a certificate authority with a new key. */
export function createTestAuthority(name = 'Test authority'): TestAuthority {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // The critical extension basicConstraints, which marks an authority's certificate.
  const isAuthority = extension(oid(2, 5, 29, 19), sequence(boolean(true)), true)
  const self = { subject: name, issuer: name, extensions: [isAuthority] }
  return {
    certificate: toCertificate({ ...self, subjectKey: privateKey, issuerKey: privateKey }),
    key: toPem(privateKey),
    issue(...hosts) {
      const { privateKey: subjectKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const names = extension(oid(2, 5, 29, 17), sequence(...hosts.map(alternativeName)), false)
      const certificate = toCertificate({
        subject: hosts[0] ?? 'nobody',
        issuer: name,
        extensions: [names],
        subjectKey,
        issuerKey: privateKey,
      })
      return { certificate, key: toPem(subjectKey) }
    },
  }
}

interface CertificateParts {
  readonly subject: string
  readonly issuer: string
  readonly extensions: readonly Buffer[]
  readonly subjectKey: KeyObject
  readonly issuerKey: KeyObject
}

let serial = 1

/** Encodes an X.509 certificate (RFC 5280) that is valid for ten days, starting a day ago. */
function toCertificate(parts: CertificateParts): string {
  const nowMs = Date.now()
  const unsigned = sequence(
    element(0xa0, integer(2)),
    integer((serial += 1)),
    ecdsaWithSha256,
    commonName(parts.issuer),
    sequence(utcTime(nowMs - dayMs), utcTime(nowMs + 10 * dayMs)),
    commonName(parts.subject),
    createPublicKey(parts.subjectKey).export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(...parts.extensions)),
  )
  const signature = sign('sha256', unsigned, parts.issuerKey)
  const bits = element(0x03, Buffer.from([0]), signature)
  const body = sequence(unsigned, ecdsaWithSha256, bits)
    .toString('base64')
    .match(/.{1,64}/g)!
  return `-----BEGIN CERTIFICATE-----\n${body.join('\n')}\n-----END CERTIFICATE-----\n`
}

function toPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Encodes a DER element: a tag, the length of the content, the content. */
function element(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const { length } = body
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), body])
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), body])
}

function sequence(...content: readonly Buffer[]): Buffer {
  return element(0x30, ...content)
}

function integer(value: number): Buffer {
  return element(0x02, Buffer.from([value]))
}

function boolean(value: boolean): Buffer {
  return element(0x01, Buffer.from([value ? 0xff : 0]))
}

function oid(first: number, second: number, ...rest: readonly number[]): Buffer {
  const bytes = [first * 40 + second]
  for (const part of rest) {
    const digits = [part & 0x7f]
    for (let left = part >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
    bytes.push(...digits)
  }
  return element(0x06, Buffer.from(bytes))
}

function commonName(name: string): Buffer {
  return sequence(element(0x31, sequence(oid(2, 5, 4, 3), element(0x0c, Buffer.from(name)))))
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\..*/g, '')
  return element(0x17, Buffer.from(`${digits.slice(2)}Z`))
}

function alternativeName(host: string): Buffer {
  if (host.includes('://')) return element(0x86, Buffer.from(host))
  const isAddress = /^[\d.]+$/.test(host)
  return isAddress
    ? element(0x87, Buffer.from(host.split('.').map(Number)))
    : element(0x82, Buffer.from(host))
}

function extension(id: Buffer, value: Buffer, isCritical: boolean): Buffer {
  return sequence(id, ...(isCritical ? [boolean(true)] : []), element(0x04, value))
}
