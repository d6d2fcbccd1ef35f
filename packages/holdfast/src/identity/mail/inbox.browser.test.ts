import { request } from 'node:http'
import { anyone, holdfast } from 'holdfast'
import { inbox } from 'holdfast/auth'
import { describe, expect, onTestFinished, test } from 'vitest'
import { serveForTest } from '../../runtimes/node/serve.fixture.ts'
import { missingChromium, openChromium } from '../../transports/openapi/chromium.fixture.ts'

const missing = await missingChromium()
if (missing !== undefined) process.stderr.write(`The inbox is not tested in a browser. ${missing}\n`)

const app = holdfast()
let pings = 0
const ping = app.query({ route: 'GET /ping', access: anyone('a test'), run: () => void (pings += 1) })

async function start(mode = 'development') {
  const mail = inbox()
  const service = app.service({
    name: 'shop',
    operations: { ping },
    capabilities: [{ name: 'mails', open: (opening) => mail.open(opening) }],
  })
  const served = await serveForTest(service, { host: '127.0.0.1', env: { NODE_ENV: mode } })
  const call = { key: '1', signal: new AbortController().signal }
  const send = (subject: string, html?: string) =>
    mail.send(
      {
        to: 'ann@example.com',
        subject,
        text: 'Open this link:\n\nhttps://app.test/verify#token=abc\n\nIt is <b>valid</b> for a day.\n',
        html,
      },
      call,
    )
  return { log: served.log, send, port: served.port }
}

/** Returns the status of the inbox for a request with the given headers. */
function statusOf(
  port: number,
  headers: Readonly<Record<string, string>>,
  path = '/dev/mail',
): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, headers }, (response) => {
      response.resume()
      resolve(response.statusCode!)
    })
      .on('error', reject)
      .end()
  })
}

test('only this machine sees the mails', async () => {
  const { port, log, send } = await start()
  expect(log).toContainEqual(expect.objectContaining({ url: `http://127.0.0.1:${port}/dev/mail` }))
  await send('Verify your address')
  for (const host of ['localhost', '127.0.0.1', `localhost:${port}`, '[::1]:80'])
    expect([host, await statusOf(port, { host })]).toEqual([host, 200])
  expect(await statusOf(port, { host: 'localhost' }, '/dev/mail/1')).toBe(200)
  // A page of another site whose name resolves to this machine, and a proxy.
  for (const path of ['/dev/mail', '/dev/mail/1', '/dev/mail/1/html']) {
    expect(await statusOf(port, { host: 'evil.example.com' }, path)).toBe(404)
    expect(await statusOf(port, { host: 'localhost', 'x-forwarded-for': '203.0.113.9' }, path)).toBe(404)
    expect(await statusOf(port, { host: 'localhost', forwarded: 'for=203.0.113.9' }, path)).toBe(404)
  }
  expect(await statusOf(port, { host: 'localhost' }, '/dev/mail/2')).toBe(404)
})

test('tests have no page, and production does not start', async () => {
  const { port } = await start('test')
  expect(await statusOf(port, { host: 'localhost' })).toBe(404)
  await expect(start('production')).rejects.toThrow('mails go to an inbox in memory')
})

describe.skipIf(missing !== undefined)('the inbox in a browser', () => {
  test('lists the mails, links them, and runs nothing that a mail contains', async () => {
    const { port, send } = await start()
    await send('<script>document.title = "evil"</script>')
    const html = `<h1>Welcome</h1><a href="https://app.test/verify#token=abc">Verify</a>
      <script>parent.document.title = 'evil'; document.body.textContent = 'evil'</script>
      <img src="http://127.0.0.1:${port}/ping?seen" onerror="document.body.textContent = 'evil'">
      <form action="/ping"><button>Send</button></form>`
    await send('Verify your address', html)
    const browser = await openChromium()
    onTestFinished(() => browser.close())
    const page = await browser.newPage({ viewport: { width: 900, height: 900 } })
    page.setDefaultTimeout(240_000)
    await page.goto(`http://localhost:${port}/dev/mail`)
    expect(await page.locator('.mails .subject').allTextContents()).toEqual([
      'Verify your address',
      '<script>document.title = "evil"</script>',
    ])
    await page.getByText('Verify your address').click()
    const link = page.locator('.text a')
    expect(await link.getAttribute('href')).toBe('https://app.test/verify#token=abc')
    expect(await page.locator('.text').textContent()).toContain('It is <b>valid</b> for a day.')
    const frame = page.frameLocator('iframe')
    expect(await frame.locator('h1').textContent()).toBe('Welcome')
    // Outside of its frame, too.
    await page.goto(`http://localhost:${port}/dev/mail/2/html`)
    expect(await page.locator('h1').textContent()).toBe('Welcome')
    expect(await page.title()).not.toBe('evil')
    expect(await page.locator('body').textContent()).not.toBe('evil')
    expect(pings).toBe(0)
  })
})
