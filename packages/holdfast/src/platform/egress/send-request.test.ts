import http from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { until } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { startReceiver } from './receiver.fixture.ts'
import { type EgressAnswer, type EgressLimits, sendRequest } from './send-request.ts'

function send(url: string, limits: Partial<EgressLimits> = {}): Promise<EgressAnswer> {
  return sendRequest(
    { url: new URL(url), method: 'POST', headers: { 'x-mark': 'yes' }, body: 'Grüße' },
    {
      allowedHosts: [],
      timeoutMs: 5_000,
      answerLimitBytes: 1_024,
      signal: new AbortController().signal,
      ...limits,
    },
  )
}

/** Returns a resolver that returns these address lists in turn and counts its calls. */
function resolver(...answers: readonly (readonly string[])[]) {
  const asked: string[] = []
  const resolve = async (hostname: string): Promise<readonly string[]> => {
    asked.push(hostname)
    return answers[asked.length - 1] ?? answers.at(-1)!
  }
  return { asked, resolve }
}

test('a request is sent, and its response is returned', async () => {
  await using receiver = await startReceiver()
  receiver.reply((_, response) => void response.writeHead(418, { 'Retry-After': '7' }).end('teapot'))
  const answer = await send(`${receiver.url}in?a=1`, { allowedHosts: ['127.0.0.1'] })
  expect(answer).toMatchObject({ status: 418, text: 'teapot' })
  expect(answer.header('retry-after')).toBe('7')
  expect(receiver.requests).toMatchObject([
    { method: 'POST', path: '/in?a=1', body: 'Grüße', headers: { 'x-mark': 'yes', 'content-length': '7' } },
  ])
})

describe('a destination', () => {
  test('a destination is rejected if one of its addresses is private', async () => {
    await using receiver = await startReceiver()
    const url = `http://inner.test:${receiver.port}/`
    for (const addresses of [['127.0.0.1'], ['1.1.1.1', '127.0.0.1'], ['::ffff:127.0.0.1']]) {
      const { resolve, asked } = resolver(addresses)
      await expect(send(url, { resolve })).rejects.toMatchObject({
        code: 'egress-refused',
        message: expect.not.stringContaining('127.0.0.1') as string,
      })
      expect(asked).toEqual(['inner.test'])
    }
    expect(receiver.requests).toEqual([])
  })

  test.each([
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '017700000001',
    '127.1',
    '[::1]',
    '[::ffff:7f00:1]',
    'localhost',
  ])('the destination http://%s is rejected', async (host) => {
    await using receiver = await startReceiver()
    await expect(send(`http://${host}:${receiver.port}/`)).rejects.toMatchObject({ code: 'egress-refused' })
    expect(receiver.requests).toEqual([])
  })

  test('a declared destination is allowed, on the declared port', async () => {
    await using receiver = await startReceiver()
    const { resolve } = resolver(['127.0.0.1'])
    const url = `http://inner.test:${receiver.port}/`
    await send(url, { resolve, allowedHosts: [`inner.test:${receiver.port}`] })
    expect(receiver.requests).toHaveLength(1)
    for (const allowedHosts of [['inner.test:1'], ['test'], ['127.0.0.1']])
      await expect(send(url, { resolve, allowedHosts })).rejects.toMatchObject({ code: 'egress-refused' })
  })

  // Simulates DNS rebinding: the owner of a name changes its address between the check and the
  // connection.
  test('the destination is the address that was checked, even if the name resolves differently a moment later', async () => {
    await using checked = await startReceiver('127.0.0.2')
    const elsewhere = http.createServer((_, response) => void response.end('elsewhere'))
    await new Promise<void>((resolve) => elsewhere.listen(checked.port, '127.0.0.1', resolve))
    try {
      const { resolve, asked } = resolver(['127.0.0.2'], ['127.0.0.1'])
      const { status } = await send(`http://rebound.test:${checked.port}/`, {
        resolve,
        allowedHosts: ['rebound.test'],
      })
      expect(status).toBe(204)
      expect(asked).toEqual(['rebound.test'])
      expect(checked.requests).toMatchObject([{ headers: { host: `rebound.test:${checked.port}` } }])
    } finally {
      elsewhere.close()
    }
  })

  test('a redirect to another destination is not followed', async () => {
    await using target = await startReceiver()
    await using receiver = await startReceiver()
    receiver.reply((_, response) => void response.writeHead(307, { location: target.url }).end())
    expect(await send(receiver.url, { allowedHosts: ['127.0.0.1'] })).toMatchObject({ status: 307 })
    expect(target.requests).toEqual([])
  })

  test('a proxy in the environment is ignored', async () => {
    await using proxy = await startReceiver()
    await using receiver = await startReceiver()
    const restore = http.setGlobalProxyFromEnv({ http_proxy: proxy.url, https_proxy: proxy.url })
    try {
      await send(receiver.url, { allowedHosts: ['127.0.0.1'] })
    } finally {
      restore()
    }
    expect(proxy.requests).toEqual([])
    expect(receiver.requests).toHaveLength(1)
  })
})

describe('a limit', () => {
  test('the limit of bytes applies to an endless response body', async () => {
    await using receiver = await startReceiver()
    let isClosed = false
    receiver.reply((_, response) => {
      response.writeHead(200)
      const write = (): void => void response.write('x'.repeat(1_000), () => setImmediate(write))
      response.on('close', () => (isClosed = true))
      write()
    })
    const { text } = await send(receiver.url, { allowedHosts: ['127.0.0.1'], timeoutMs: 60_000 })
    expect(text).toBe('x'.repeat(1_024))
    await until(() => isClosed)
  })

  test('the timeout applies to the time until the response', async () => {
    await using receiver = await startReceiver()
    receiver.reply(() => {})
    await expect(send(receiver.url, { allowedHosts: ['127.0.0.1'], timeoutMs: 50 })).rejects.toMatchObject({
      code: 'egress-timed-out',
    })
  })

  test('the timeout applies to the name lookup', async () => {
    const resolve = (): Promise<never> => new Promise(() => {})
    await expect(send('http://slow.test/', { resolve, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'egress-timed-out',
    })
  })

  test('the timeout applies to a slow body, and the status is kept', async () => {
    await using receiver = await startReceiver()
    receiver.reply((_, response) => {
      response.writeHead(200)
      response.write('a')
    })
    const answer = await send(receiver.url, { allowedHosts: ['127.0.0.1'], timeoutMs: 200 })
    expect(answer).toMatchObject({ status: 200, text: 'a' })
  })
})

describe('a failure', () => {
  test('a failure is reported for a host that is unreachable', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    for (const addresses of [['127.0.0.1'], ['127.0.0.1', '127.0.0.2']]) {
      const limits = { ...resolver(addresses), allowedHosts: ['gone.test'] }
      await expect(send(`http://gone.test:${port}/`, limits)).rejects.toMatchObject({
        code: 'egress-failed',
        message: expect.stringContaining('ECONNREFUSED') as string,
      })
    }
  })

  test('a failure is reported for a name that does not exist', async () => {
    const resolve = async (): Promise<never> => {
      throw new Error('ENOTFOUND')
    }
    await expect(send('http://nowhere.test/', { resolve })).rejects.toMatchObject({ code: 'egress-failed' })
    await expect(send('http://empty.test/', resolver([]))).rejects.toMatchObject({ code: 'egress-failed' })
  })

  test('a failure is reported for a connection that breaks before the response', async () => {
    await using receiver = await startReceiver()
    receiver.reply((_, response) => void response.destroy())
    await expect(send(receiver.url, { allowedHosts: ['127.0.0.1'] })).rejects.toMatchObject({
      code: 'egress-failed',
    })
  })

  test('a failure is reported for https to a server that speaks http', async () => {
    await using receiver = await startReceiver()
    await expect(
      send(receiver.url.replace('http:', 'https:'), { allowedHosts: ['127.0.0.1'] }),
    ).rejects.toMatchObject({ code: 'egress-failed' })
    expect(receiver.requests).toEqual([])
  })

  test('a failure is reported for an aborted request, with the reason', async () => {
    const reason = new Error('given up')
    await expect(send('http://1.1.1.1/', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
