import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vault } from 'holdfast/node'
import { onTestFinished, expect, test } from 'vitest'
import { createTestAuthority } from '../../../../test/certificates.ts'
import type { OpenSecretManager } from '../secret-manager.ts'
import { startVault, type VaultServer, type VaultServerOptions } from './vault-server.fixture.ts'

const file = (name: string, content: string): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'holdfast-vault-')), name)
  writeFileSync(path, content)
  return path
}

async function vaultWith(options: VaultServerOptions = {}): Promise<VaultServer> {
  const server = await startVault(options)
  onTestFinished(() => server[Symbol.asyncDispose]())
  server.kv.set('secret/data/shop', { 'bank-key': 'k1', port: 5 })
  return server
}

async function open(server: VaultServer, env: Record<string, string>): Promise<OpenSecretManager> {
  return vault().open({ env: { VAULT_ADDR: server.address, ...env }, mode: 'production' })
}

const options = { signal: new AbortController().signal, isRefused: false }

test('a token reads the fields of a KV secret', async () => {
  const server = await vaultWith()
  const manager = await open(server, { VAULT_TOKEN: server.addToken() })
  expect((await manager.read('secret/data/shop', options)).fields).toEqual({ 'bank-key': 'k1', port: 5 })
  expect(server.faults).toEqual([])
})

test('TLS is verified against VAULT_CACERT, and the namespace is sent', async () => {
  const authority = createTestAuthority()
  const server = await vaultWith({ tls: authority.issue('127.0.0.1'), namespace: 'team' })
  const env = { VAULT_TOKEN: server.addToken(), VAULT_NAMESPACE: 'team' }
  const untrusting = await open(server, env)
  await expect(untrusting.read('secret/data/shop', options)).rejects.toThrow(/certificate/)
  const manager = await open(server, { ...env, VAULT_CACERT: file('ca.pem', authority.certificate) })
  expect((await manager.read('secret/data/shop', options)).fields).toMatchObject({ port: 5 })
  expect(server.faults).toEqual([])
})

test('AppRole signs in once, reads the secret id again for each sign-in, and revokes its token', async () => {
  const server = await vaultWith()
  const path = file('secret-id', `${server.secretId}\n`)
  const env = { VAULT_ROLE_ID: server.roleId, VAULT_SECRET_ID: server.secretId, VAULT_SECRET_ID_FILE: path }
  const manager = await open(server, env)
  await manager.read('secret/data/shop', options)
  await manager.read('secret/data/shop', options)
  expect(server.requests.filter((request) => request.includes('login'))).toHaveLength(1)
  server.secretId = 'another'
  writeFileSync(path, 'another')
  server.tokens.clear()
  await manager.read('secret/data/shop', options)
  await manager.close?.()
  expect(server.tokens.size).toBe(0)
  expect(server.requests.at(-1)).toBe('PUT auth/token/revoke-self')
})

test('a Kubernetes pod signs in with the token of its service account', async () => {
  const server = await vaultWith()
  const env = {
    VAULT_KUBERNETES_ROLE: 'shop',
    VAULT_KUBERNETES_TOKEN_PATH: file('token', server.jwt),
  }
  const manager = await open(server, env)
  expect((await manager.read('secret/data/shop', options)).fields).toMatchObject({ port: 5 })
})

test('a token in a file is read again, because Vault Agent replaces it', async () => {
  const server = await vaultWith()
  const first = server.addToken()
  const path = file('token', first)
  const manager = await open(server, { VAULT_TOKEN: first, VAULT_TOKEN_FILE: path })
  await manager.read('secret/data/shop', options)
  server.tokens.clear()
  writeFileSync(path, server.addToken())
  expect((await manager.read('secret/data/shop', options)).fields).toMatchObject({ port: 5 })
})

test('a token is renewed, and replaced at its max age', async () => {
  const server = await vaultWith({ tokenTtl: 0.03, tokenMaxTtl: 0.035 })
  const manager = await open(server, { VAULT_ROLE_ID: server.roleId, VAULT_SECRET_ID: server.secretId })
  await expect
    .poll(async () => {
      await manager.read('secret/data/shop', options)
      return server.requests
    })
    .toEqual(expect.arrayContaining(['PUT auth/token/renew-self']))
  expect(server.requests.filter((request) => request.includes('login')).length).toBeGreaterThan(1)
})

test('a path that is denied does not cause a new sign-in, and the error says how to fix it', async () => {
  const server = await vaultWith()
  server.denied.add('secret/data/bank')
  const manager = await open(server, { VAULT_ROLE_ID: server.roleId, VAULT_SECRET_ID: server.secretId })
  await expect(manager.read('secret/data/bank', options)).rejects.toMatchObject({
    code: 'secret-unreadable',
    message: expect.stringMatching(
      /answered 403 for secret\/data\/bank \(permission denied\)\. Allow the token/,
    ),
  })
  expect(server.requests.filter((request) => request.includes('login'))).toHaveLength(1)
})

test('credentials of a database are leased once, renewed, and replaced if they are refused', async () => {
  let issued = 0
  const server = await vaultWith({
    leaseTtl: 0.05,
    issue: async (role) => ({ username: `${role}-${(issued += 1)}`, password: 'p' }),
  })
  const manager = await open(server, { VAULT_TOKEN: server.addToken() })
  const read = (isRefused = false) => manager.read('database/creds/app', { ...options, isRefused })
  const { fields, refreshAfterMs } = await read()
  expect(fields).toEqual({ username: 'app-1', password: 'p' })
  expect(refreshAfterMs).toBeLessThan(50)
  await expect
    .poll(async () => {
      await read()
      return server.requests
    })
    .toContain('PUT sys/leases/renew')
  expect((await read()).fields).toMatchObject({ username: 'app-1' })
  expect((await read(true)).fields).toMatchObject({ username: 'app-2' })
  server.leases.clear()
  await expect.poll(async () => (await read()).fields).toMatchObject({ username: 'app-3' })
  expect(server.faults).toEqual([])
})

test('the error of an unknown path names the usual cause, and a sealed Vault may be retried', async () => {
  const server = await vaultWith()
  const manager = await open(server, { VAULT_TOKEN: server.addToken() })
  await expect(manager.read('secret/shop', options)).rejects.toMatchObject({
    code: 'secret-unreadable',
    message: expect.stringContaining('contains data/ after the mount'),
  })
  server.downStatus = 503
  await expect(manager.read('secret/data/shop', options)).rejects.toMatchObject({
    code: 'secret-manager-unavailable',
    message: expect.stringContaining('(Vault is sealed)'),
  })
})

test('a path cannot leave the API of Vault', async () => {
  const server = await vaultWith()
  const manager = await open(server, { VAULT_TOKEN: server.addToken() })
  await expect(manager.read('../ui/secret', options)).rejects.toMatchObject({ code: 'secret-unreadable' })
})

test.each([
  [{}, /No sign-in for Vault is set/],
  [{ VAULT_TOKEN: 't', VAULT_ROLE_ID: 'r' }, /VAULT_TOKEN and VAULT_ROLE_ID are set/],
  [{ VAULT_ROLE_ID: 'r' }, /VAULT_SECRET_ID is not/],
  [{ VAULT_TOKEN: 't', VAULT_ADDR: 'http://vault.example:8200' }, /without encryption/],
])('an unusable configuration %j is refused', async (env, message) => {
  const server = await vaultWith()
  await expect(open(server, env as Record<string, string>)).rejects.toThrow(message)
})
