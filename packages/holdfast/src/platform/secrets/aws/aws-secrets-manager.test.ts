import { awsSecretsManager } from 'holdfast/node'
import { beforeEach, expect, test, vi } from 'vitest'
import { duringFile } from '../../../../test/during.ts'
import type { OpenSecretManager } from '../secret-manager.ts'
import { startAws } from './aws-server.fixture.ts'

const aws = duringFile(startAws)
const options = { signal: new AbortController().signal, isRefused: false }
let manager: OpenSecretManager

beforeEach(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', aws.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', aws.secretAccessKey)
  aws.isDown = false
  aws.secrets.set('shop/bank', [
    { id: 'v2', stage: 'AWSCURRENT', text: '{"key":"k2","port":5}' },
    { id: 'v1', stage: 'AWSPREVIOUS', text: '{"key":"k1"}' },
  ])
  aws.secrets.set('shop/plain', [{ id: 'v1', stage: 'AWSCURRENT', text: 'plain' }])
  manager = await awsSecretsManager({ region: aws.region, endpoint: aws.endpoint }).open({
    env: {},
    mode: 'production',
  })
})

test('a secret has its text, and its fields if it is a JSON object', async () => {
  expect(await manager.read('shop/bank', options)).toMatchObject({ fields: { key: 'k2', port: 5 } })
  expect(await manager.read('shop/plain', options)).toEqual({ text: 'plain', fields: {} })
})

test('a stage and a version can be selected', async () => {
  expect(await manager.read('shop/bank?stage=AWSPREVIOUS', options)).toMatchObject({ fields: { key: 'k1' } })
  expect(await manager.read('shop/bank?version=v1', options)).toMatchObject({ fields: { key: 'k1' } })
  await expect(manager.read('shop/bank?stages=x', options)).rejects.toMatchObject({
    code: 'secret-unreadable',
  })
})

test('a refusal is final and says how to fix it; a server error may be retried', async () => {
  aws.denied.add('shop/denied')
  await expect(manager.read('shop/denied', options)).rejects.toMatchObject({
    code: 'secret-unreadable',
    message: expect.stringContaining('Allow secretsmanager:GetSecretValue'),
  })
  await expect(manager.read('shop/none', options)).rejects.toMatchObject({ code: 'secret-unreadable' })
  aws.isDown = true
  await expect(manager.read('shop/bank', options)).rejects.toMatchObject({
    code: 'secret-manager-unavailable',
  })
})

test('a request with other credentials is refused', async () => {
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another')
  const other = await awsSecretsManager({ region: aws.region, endpoint: aws.endpoint }).open({
    env: {},
    mode: 'test',
  })
  await expect(other.read('shop/bank', options)).rejects.toMatchObject({
    code: 'secret-unreadable',
    message: expect.stringMatching(/credentials are invalid/),
  })
})
