import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rename, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { anyone, holdfast } from 'holdfast'
import { readSettings, type SecretManager, vault } from 'holdfast/node'
import { Secret, setting, settings, text } from 'holdfast/settings'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { duringFile } from '../../../../test/during.ts'
import { type Served, serveForTest } from '../serve.fixture.ts'
import { startVault } from '../../../platform/secrets/vault/vault-server.fixture.ts'

const server = duringFile(startVault)
const canary = (): string => `canary-${randomBytes(12).toString('hex')}`
const digest = (value: string): string => createHash('sha256').update(value).digest('hex')
let env: Record<string, string>

beforeEach(() => {
  server.downStatus = undefined
  server.faults.length = 0
  env = {
    NODE_ENV: 'test',
    VAULT_ADDR: server.address,
    VAULT_TOKEN: server.addToken(),
    SECRETS_REFRESH: '1s',
  }
})

const config = settings({
  BANK_KEY: setting(z.string().startsWith('canary-'), { description: 'The key of the bank.', secret: true }),
  BANK_URL: setting(text(), { description: 'The address of the bank.', secret: true, optional: true }),
  REGION: setting(text(), { description: 'The region.', default: 'eu' }),
})
const { query, service } = holdfast({ settings: config })
const getDigest = query({
  route: 'GET /digest',
  access: anyone('a test'),
  output: z.object({ key: z.string(), shown: z.string() }),
  run: ({ settings: values }) => ({
    key: digest(values.BANK_KEY.reveal()),
    shown: `${JSON.stringify(values)} ${inspect(values, { depth: 9, showHidden: true })} ${String(values.BANK_KEY)}`,
  }),
})
const shop = service({ name: 'shop', operations: { getDigest } })

async function digestOf({ url }: Served<never> | { url: string }): Promise<string> {
  const response = await fetch(`${url}/digest`)
  return ((await response.json()) as { key: string }).key
}

describe('at the start', () => {
  test('references, and texts with references, become values; fields of a path are read once', async () => {
    server.kv.set('secret/data/app', { key: canary(), user: 'a b', password: 'p@/:' })
    server.requests.length = 0
    const values = await readSettings(config, {
      secrets: [vault()],
      env: {
        ...env,
        BANK_KEY_FROM: 'vault:secret/data/app#key',
        BANK_URL_FROM: 'https://{vault:secret/data/app#user}:{vault:secret/data/app#password}@bank.example',
        REGION_FROM: 'vault:secret/data/app#user',
      },
    })
    expect(values.BANK_URL?.reveal()).toBe('https://a%20b:p%40%2F%3A@bank.example')
    expect(values.REGION).toBe('a b')
    expect(server.requests.filter((request) => request.includes('secret/'))).toEqual(['GET secret/data/app'])
  })

  test('all errors are reported together, with their fixes and without values', async () => {
    const value = canary()
    server.kv.set('secret/data/app', { other: value })
    server.denied.add('secret/data/denied')
    const failed = await readSettings(config, {
      secrets: [vault()],
      env: {
        ...env,
        BANK_KEY_FROM: 'vault:secret/data/app#key',
        BANK_URL_FROM: 'vault:secret/data/denied#key',
        REGION: 'x',
        REGION_FROM: `vault:secret/data/app#${value}`,
        VAULT_NAMESPACE_FROM: 'vault:secret/data/app#namespace',
      },
    }).catch((error: unknown) => error as Error)
    expect(failed).toMatchObject({ code: 'configuration-invalid' })
    const { message } = failed as Error
    expect(message).toContain(
      'BANK_KEY_FROM is vault:secret/data/app#key. The secret vault:secret/data/app#key has no field "key", or the field is empty. It has: other.',
    )
    expect(message).toContain('(permission denied). Allow the token to read the path')
    expect(message).toContain('REGION and REGION_FROM are both set. Remove one of them.')
    expect(message).toContain('VAULT_NAMESPACE_FROM is set, but VAULT_NAMESPACE is needed before')
    expect(message).not.toContain('BANK_KEY is not set')
    expect(message).not.toContain(value)
    expect(message.split('\n')).toHaveLength(5)
  })

  test.each([
    ['s3cret', /BANK_KEY_FROM is not a reference to a secret \(value hidden/],
    ['s3cret:of-somebody', /BANK_KEY_FROM refers to an unknown secret manager \(value hidden/],
    ['aws:shop#key', /serve\(service, \{ secrets: \[awsSecretsManager\(\)\] \}\)/],
  ])('the reference %s is refused without showing a secret', async (reference, message) => {
    const failed = await readSettings(config, {
      secrets: [vault()],
      env: { ...env, BANK_KEY_FROM: reference },
    }).catch((error: unknown) => error as Error)
    expect((failed as Error).message).toMatch(message)
    expect((failed as Error).message).not.toContain('s3cret')
  })

  test('a manager that is down for a moment is asked again; a manager that no variable names is not opened', async () => {
    server.kv.set('secret/data/app', { key: canary() })
    server.downStatus = 503
    const reading = readSettings(config, {
      secrets: [vault()],
      env: { ...env, BANK_KEY_FROM: 'vault:secret/data/app#key' },
    })
    setTimeout(() => (server.downStatus = undefined), 20)
    await expect(reading).resolves.toMatchObject({ REGION: 'eu' })
    await expect(
      readSettings(config, { secrets: [vault()], env: { NODE_ENV: 'test', BANK_KEY: canary() } }),
    ).resolves.toMatchObject({ REGION: 'eu' })
  })

  test('the message of a manager of another library may not carry its request into the report', async () => {
    const manager: SecretManager = {
      scheme: 'own',
      open: async () => ({
        read: () => Promise.reject(Object.assign(new TypeError('refused'), { code: 'secret-unreadable' })),
      }),
    }
    const failed = await readSettings(config, {
      secrets: [manager, { ...manager }],
      env: { NODE_ENV: 'test', BANK_KEY: canary() },
    }).catch((error: unknown) => error as Error)
    expect((failed as Error).message).toMatch(/two managers with the scheme "own"/)
  })
})

describe('a rotation', () => {
  test('a new secret is used without a restart; a malformed one is refused; Vault may be down', async () => {
    const [first, second, third] = [canary(), canary(), canary()]
    server.kv.set('secret/data/app', { key: first })
    const served = await serveForTest(shop, {
      secrets: [vault()],
      env: { ...env, BANK_KEY_FROM: 'vault:secret/data/app#key' },
    })
    expect(await digestOf(served)).toBe(digest(first))

    server.kv.set('secret/data/app', { key: second })
    await expect.poll(() => digestOf(served), { timeout: 60_000 }).toBe(digest(second))

    server.kv.set('secret/data/app', { key: 'malformed-value' })
    await expect
      .poll(() => JSON.stringify(served.log), { timeout: 60_000 })
      .toContain('changed secret refused')
    expect(await digestOf(served)).toBe(digest(second))

    server.downStatus = 503
    await expect
      .poll(() => JSON.stringify(served.log), { timeout: 60_000 })
      .toContain('their last values stay in use')
    expect(await digestOf(served)).toBe(digest(second))
    expect((await fetch(`${served.url}/health/ready`)).status).toBe(200)

    server.downStatus = undefined
    server.kv.set('secret/data/app', { key: third })
    await expect.poll(() => digestOf(served), { timeout: 60_000 }).toBe(digest(third))
    const { shown } = (await (await fetch(`${served.url}/digest`)).json()) as { shown: string }
    const output = `${JSON.stringify(served.log)} ${shown}`
    for (const hidden of [first, second, third, 'malformed-value']) expect(output).not.toContain(hidden)
    expect(served.log.filter(({ msg }) => String(msg).startsWith('changed secret refused'))).toHaveLength(1)
    expect(server.faults).toEqual([])
  })

  test('a secret in a file follows a swapped link, as Kubernetes updates a mounted secret', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-secrets-'))
    const [first, second] = [canary(), canary()]
    await writeFile(join(folder, 'v1'), `${first}\n`)
    await writeFile(join(folder, 'v2'), `${second}\n`)
    await symlink('v1', join(folder, 'key'))
    const served = await serveForTest(shop, {
      env: { NODE_ENV: 'test', SECRETS_REFRESH: '1s', BANK_KEY_FILE: join(folder, 'key') },
    })
    expect(await digestOf(served)).toBe(digest(first))
    await symlink('v2', join(folder, 'new'))
    await rename(join(folder, 'new'), join(folder, 'key'))
    await expect.poll(() => digestOf(served), { timeout: 60_000 }).toBe(digest(second))
  })
})

test('a secret shows nothing in any form', () => {
  const value = canary()
  const secret = new Secret(value)
  const forms = [
    String(secret),
    JSON.stringify({ secret }),
    inspect(secret, { showHidden: true }),
    Object.entries(secret).join(''),
  ]
  for (const form of forms) expect(form).not.toContain(value)
})
