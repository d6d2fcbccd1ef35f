import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ledger } from '../../../../../examples/ledger/src/service.ts'
import { type Books, developmentKey, openBooks } from '../../../../../examples/ledger/test/books.fixture.ts'
import { serveForTest } from '../../runtimes/node/serve.fixture.ts'
import { missingChromium, openChromium } from './chromium.fixture.ts'

const missing = await missingChromium()
if (missing !== undefined) process.stderr.write(`/docs is not tested in a browser. ${missing}\n`)

/** An opened page. */
interface Visit {
  readonly page: Page
  readonly url: string
  /** The URLs of the page's requests. */
  readonly requested: readonly URL[]
  /** The page's errors and console warnings, including violations of its policy. */
  readonly complaints: readonly string[]
}

describe.skipIf(missing !== undefined)('/docs of the ledger, in a browser', () => {
  let books: Books
  let browser: Browser

  beforeAll(async () => {
    books = await openBooks()
    browser = await openChromium()
  })

  afterAll(async () => {
    await browser.close()
    await books.stop()
  })

  async function visit(colorScheme: 'light' | 'dark'): Promise<Visit> {
    const { url } = await serveForTest(ledger, {
      env: { NODE_ENV: 'test', DATABASE_URL: books.databaseUrl, HOLDFAST_DEV_KEY: developmentKey },
    })
    const context = await browser.newContext({ colorScheme, viewport: { width: 1_400, height: 1_000 } })
    // A timeout that detects a hang, as in vitest.config.ts.
    context.setDefaultTimeout(240_000)
    const page = await context.newPage()
    const requested: URL[] = []
    const complaints: string[] = []
    page.on('request', (request) => requested.push(new URL(request.url())))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    await page.goto(`${url}/docs`)
    return { page, url, requested, complaints }
  }

  test.each(['light', 'dark'] as const)(
    '/docs of the ledger shows every operation in a browser, in %s',
    async (colorScheme) => {
      const { page, url, requested, complaints } = await visit(colorScheme)
      for (const summary of Object.values(ledger.operations).map((operation) => operation.summary!)) {
        await page.getByRole('link', { name: summary }).first().waitFor()
      }
      const background = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
      expect(background).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(15, 15, 15)')
      expect(complaints).toEqual([])
      expect(requested.filter(({ origin }) => origin !== url).map(String)).toEqual([])
      expect(requested.map(({ pathname }) => pathname)).toEqual(
        expect.arrayContaining(['/docs', '/openapi.json']),
      )
      await page.context().close()
    },
  )

  test('/docs of the ledger shows the problems of a mutation in a browser', async () => {
    const { page, url, requested, complaints } = await visit('light')
    await page
      .getByRole('link', { name: 'Move money from one of your accounts to any account' })
      .first()
      .click()
    const heading = page.getByRole('heading', { name: 'Move money from one of your accounts to any account' })
    const section = page.locator('section').filter({ has: heading }).last()
    const answers = (status: number) => section.getByRole('button', { name: new RegExp(`^${status}\\b`) })
    for (const status of [400, 401, 403, 404, 406, 408, 413, 415, 422, 431, 500, 503, 504])
      await answers(status).first().waitFor()
    await answers(409).first().click()
    await section.getByRole('button', { name: 'balance-out-of-range' }).click()
    await page.getByRole('option', { name: /^insufficient-funds/ }).click()
    await section.getByText('The balance of the paying account is smaller than the amount.').waitFor()
    expect(complaints).toEqual([])
    expect(requested.filter(({ origin }) => origin !== url).map(String)).toEqual([])
    await page.context().close()
  })
  test('/docs of the ledger sends a request that a reader tries out to the service itself', async () => {
    const { page, url, requested, complaints } = await visit('light')
    await books.call.createAccount({ name: 'Tried out', currency: 'EUR' })
    await page.getByPlaceholder('Token').first().fill(developmentKey)
    await page
      .getByRole('button', { name: /Test Request.*get \/accounts/i })
      .first()
      .click()
    const [answer] = await Promise.all([
      page.waitForResponse((response) => new URL(response.url()).pathname === '/accounts'),
      page.getByRole('button', { name: /^Send get request/ }).click(),
    ])
    expect(answer.status()).toBe(200)
    await page.getByText('Tried out').first().waitFor()
    expect(complaints).toEqual([])
    expect(requested.filter(({ origin }) => origin !== url).map(String)).toEqual([])
    await page.context().close()
  })
})
