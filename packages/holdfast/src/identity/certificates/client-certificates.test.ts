import { createHash, X509Certificate } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { holdfast } from 'holdfast'
import { bearerTokens, clientCertificates } from 'holdfast/identity'
import type { ServeOptions } from 'holdfast/node'
import { until } from 'holdfast/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Certificate, createTestAuthority } from '../../../test/certificates.ts'
import { serveForTest } from '../../runtimes/node/serve.fixture.ts'
import { startIssuer } from '../tokens/issuer.fixture.ts'
import { whoAmI } from '../tokens/tokens.fixture.ts'

const authority = createTestAuthority()
const stranger = createTestAuthority('Stranger')
const billingName = 'spiffe://example.org/billing'
const billing = authority.issue(billingName)
const services = { [`URI:${billingName}`]: 'billing', 'DNS:shipping.internal': 'shipping' }
const service = holdfast({ identify: clientCertificates({ services }) }).service({
  name: 'certificates',
  operations: { whoAmI },
})
const billingCaller = JSON.stringify({ kind: 'service', id: 'billing' })

/** Writes the files of a TLS server. */
async function writeFiles(server: Certificate = authority.issue('localhost', '127.0.0.1')) {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-tls-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const [certFile, keyFile, clientCaFile] = ['cert.pem', 'key.pem', 'ca.pem'].map((name) =>
    join(folder, name),
  )
  await writeFile(certFile!, server.certificate)
  await writeFile(keyFile!, server.key)
  await writeFile(clientCaFile!, authority.certificate)
  return { certFile: certFile!, keyFile: keyFile!, clientCaFile: clientCaFile! }
}

async function startTls(options: ServeOptions = {}) {
  const files = await writeFiles()
  return { files, server: await serveForTest(service, { host: '127.0.0.1', tls: files, ...options }) }
}

/** Sends a request over TLS. Resolves to the caller, the status, or the code of the failure. */
function send(
  port: number,
  client?: Certificate,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  return new Promise((resolve) => {
    const outgoing = request({
      port,
      host: '127.0.0.1',
      path: '/me',
      ca: authority.certificate,
      agent: false,
      headers,
      ...(client ? { cert: client.certificate, key: client.key } : {}),
    })
    outgoing.on('error', () => resolve('closed'))
    outgoing.on('response', (incoming) => {
      let body = ''
      incoming.on('data', (chunk) => (body += String(chunk)))
      incoming.on('end', () => resolve((JSON.parse(body) as { who?: string }).who ?? incoming.statusCode))
      incoming.on('error', () => resolve('closed'))
    })
    outgoing.end()
  })
}

/** Returns the `Client-Cert` value for a certificate. */
function headerOf({ certificate }: Certificate): Readonly<Record<string, string>> {
  return { 'client-cert': `:${new X509Certificate(certificate).raw.toString('base64')}:` }
}

describe('a server with TLS', () => {
  test('a client is the service that its certificate names', async () => {
    const { server } = await startTls()
    expect(server.url).toMatch(/^https:/)
    expect(await send(server.port, billing)).toBe(billingCaller)
    expect(await send(server.port, authority.issue('other.internal', billingName))).toBe(billingCaller)
  })

  test.each<[string, Certificate | undefined, unknown]>([
    ['without a certificate', undefined, 401],
    ['with a certificate of another authority', stranger.issue(billingName), 'closed'],
    ['with a certificate that it has signed itself', stranger, 'closed'],
    ['with a certificate of another name', authority.issue('spiffe://example.org/billing/2'), 401],
    ['with a name of another type', authority.issue('billing'), 401],
    ['with a certificate of two services', authority.issue(billingName, 'shipping.internal'), 401],
    ['with two names in one', authority.issue(`other, URI:${billingName}`), 401],
  ])('a client %s is not a service', async (_, client, outcome) => {
    const { server } = await startTls()
    expect(await send(server.port, client)).toBe(outcome)
  })

  test('a client cannot choose its certificate with a header', async () => {
    const { server } = await startTls()
    expect(await send(server.port, undefined, headerOf(billing))).toBe(401)
  })

  test('every 401 has a challenge (RFC 9110 section 15.5.2)', async () => {
    const server = await serveForTest(service, { host: '127.0.0.1' })
    const { headers } = await fetch(`${server.url}/me`)
    expect(headers.get('www-authenticate')).toBe('Bearer realm="certificates"')
  })

  test('clients are not asked for certificates without authorities', async () => {
    const { certFile, keyFile } = await writeFiles()
    const server = await serveForTest(service, { host: '127.0.0.1', tls: { certFile, keyFile } })
    expect(await send(server.port, billing)).toBe(401)
  })

  test('changed files are read again, and files that do not fit are ignored', async () => {
    const { server, files } = await startTls()
    const serialNumber = () =>
      new Promise<string>((resolve, reject) => {
        const socket = connect({ port: server.port, host: '127.0.0.1', ca: authority.certificate }, () => {
          resolve(socket.getPeerCertificate().serialNumber)
          socket.destroy()
        })
        socket.on('error', reject)
      })
    const next = authority.issue('localhost', '127.0.0.1')
    const { serialNumber: nextNumber } = new X509Certificate(next.certificate)
    const first = await serialNumber()
    await writeFile(`${files.keyFile}.next`, next.key)
    await rename(`${files.keyFile}.next`, files.keyFile)
    await until(() => server.log.some(({ msg }) => msg === 'changed TLS files cannot be used'))
    expect(await serialNumber()).toBe(first)
    await writeFile(`${files.certFile}.next`, next.certificate)
    await rename(`${files.certFile}.next`, files.certFile)
    await until(async () => (await serialNumber()) === nextNumber)
  })

  test('a token that is bound to a certificate is accepted with it, and useless to others', async () => {
    const issuer = await startIssuer()
    const tokens = bearerTokens({ issuers: [{ issuer: issuer.url, audience: issuer.audience }] })
    const bound = holdfast({ identify: tokens }).service({ name: 'bound', operations: { whoAmI } })
    const server = await serveForTest(bound, { host: '127.0.0.1', tls: await writeFiles() })
    const { raw } = new X509Certificate(billing.certificate)
    const thumbprint = createHash('sha256').update(raw).digest('base64url')
    const token = issuer.tokenAt(Date.now(), { cnf: { 'x5t#S256': thumbprint } })
    const headers = { authorization: `Bearer ${token}` }
    expect(await send(server.port, billing, headers)).toContain('"id":"ann"')
    expect(await send(server.port, authority.issue(billingName), headers)).toBe(401)
    expect(await send(server.port, undefined, headers)).toBe(401)
  })
})

describe('a header of a proxy', () => {
  async function sendHeader(headers: Readonly<Record<string, string>>, options: ServeOptions) {
    const server = await serveForTest(service, { host: '127.0.0.1', ...options })
    const response = await fetch(`${server.url}/me`, { headers })
    return ((await response.json()) as { who?: string }).who ?? response.status
  }
  const trusted = { trustedProxies: ['127.0.0.1'], trustClientCert: true }

  test('a trusted proxy reports the certificate of its client', async () => {
    expect(await sendHeader(headerOf(billing), trusted)).toBe(billingCaller)
  })

  test('a client that is not a trusted proxy cannot send a certificate in a header', async () => {
    expect(await sendHeader(headerOf(billing), {})).toBe(401)
    expect(await sendHeader(headerOf(billing), { trustedProxies: ['127.0.0.1'] })).toBe(401)
    expect(await sendHeader(headerOf(billing), { ...trusted, trustedProxies: ['10.0.0.0/8'] })).toBe(401)
    const forwarded = { ...headerOf(billing), 'x-forwarded-for': '10.0.0.1' }
    expect(await sendHeader(forwarded, { ...trusted, trustedProxies: ['10.0.0.0/8'] })).toBe(401)
  })

  test.each([
    ['twice', (value: string) => `${value}, ${value}`],
    ['without its colons', (value: string) => value.slice(1, -1)],
    ['with junk', (value: string) => `${value.slice(0, -1)}!:`],
    ['truncated', (value: string) => `${value.slice(0, 200)}:`],
    ['empty', () => '::'],
    ['of another form', () => 'Hash=abc;URI=spiffe://example.org/billing'],
  ])('a header that is sent %s is not a certificate', async (_, change) => {
    const value = headerOf(billing)['client-cert']!
    expect(await sendHeader({ 'client-cert': change(value) }, trusted)).toBe(401)
  })

  test('the certificate of the proxy itself is not that of its client', async () => {
    const { server } = await startTls(trusted)
    expect(await send(server.port, billing)).toBe(401)
    expect(await send(server.port, authority.issue('proxy.internal'), headerOf(billing))).toBe(billingCaller)
  })
})

describe('a configuration that does not start', () => {
  const refusalOf = (options: ServeOptions) =>
    serveForTest(service, { host: '127.0.0.1', ...options }).then(
      () => 'it started',
      (error: Error) => error.message,
    )

  test('a trusted header without trusted proxies', async () => {
    expect(await refusalOf({ trustClientCert: true })).toContain('but no proxy is trusted')
    const env = { NODE_ENV: 'test', TRUST_CLIENT_CERT: 'true' }
    expect(await refusalOf({ env })).toContain('but no proxy is trusted')
  })

  test('TLS without a key, with a missing file, or with a key of another certificate', async () => {
    const files = await writeFiles()
    const env = { NODE_ENV: 'test', TLS_CERT_FILE: files.certFile }
    expect(await refusalOf({ env })).toContain('both TLS_CERT_FILE and TLS_KEY_FILE')
    expect(await refusalOf({ tls: { ...files, certFile: '/missing' } })).toContain('which does not exist')
    await writeFile(files.keyFile, billing.key)
    expect(await refusalOf({ tls: files })).toContain('cannot be used')
  })

  test.each([
    [{}, 'has no services'],
    [{ 'billing.internal': 'billing' }, 'has no type'],
    [{ 'DNS:': 'billing' }, 'has no type'],
    [{ 'DNS:billing.internal': '' }, 'is empty'],
  ])('the services %j', (invalid, message) => {
    expect(() => clientCertificates({ services: invalid as Readonly<Record<string, string>> })).toThrow(
      message,
    )
  })
})

test('TLS settings are read from the environment', async () => {
  const { certFile, keyFile, clientCaFile } = await writeFiles()
  const env = {
    NODE_ENV: 'test',
    TLS_CERT_FILE: certFile,
    TLS_KEY_FILE: keyFile,
    TLS_CLIENT_CA_FILE: clientCaFile,
  }
  const server = await serveForTest(service, { host: '127.0.0.1', env })
  expect(await send(server.port, billing)).toBe(billingCaller)
})
