import { inspect } from 'node:util'
import { GiveUp } from 'holdfast'
import { type MailMessage, smtp, type Smtp, type SmtpOptions } from 'holdfast/auth'
import { Secret } from 'holdfast/settings'
import { until } from 'holdfast/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { authority, startSmtpServer } from './smtp-server.fixture.ts'

const message: MailMessage = { to: 'ann@example.com', subject: 'Your order', text: 'It is on its way.\n' }
const password = 's3cret/word'

function connect(port: number, options: Partial<SmtpOptions> & { readonly scheme?: string } = {}): Smtp {
  const { scheme = 'smtps', ...given } = options
  const mail = smtp({
    url: `${scheme}://shop:${encodeURIComponent(password)}@localhost:${port}`,
    from: 'Shop <noreply@example.com>',
    ca: authority.certificate,
    ...given,
  })
  onTestFinished(() => mail.close())
  return mail
}

const call = (key = 'job-1') => ({ key, signal: new AbortController().signal })
const failureOf = (sent: Promise<void>): Promise<Error> =>
  sent.then(
    () => expect.fail('the mail was sent'),
    (error: unknown) => error as Error,
  )

describe('a mail', () => {
  test.each(['smtps', 'smtp'])('is sent over TLS with %s', async (scheme) => {
    const server = await startSmtpServer({ secure: scheme === 'smtps' })
    await connect(server.port, { scheme, tls: 'required' }).send(
      { ...message, html: '<p>It is on its way.</p>' },
      call(),
    )
    const [mail] = server.mails
    expect(mail).toMatchObject({ from: 'noreply@example.com', to: ['ann@example.com'], isSecure: true })
    expect(mail!.data).toMatch(/^From: Shop <noreply@example.com>\r$/m)
    expect(mail!.data).toMatch(/^Subject: Your order\r$/m)
    expect(mail!.data).toContain('<p>It is on its way.</p>')
  })

  test('has the same Message-ID in all attempts, and another one than other mails', async () => {
    const server = await startSmtpServer({ secure: true })
    const mail = connect(server.port)
    for (const key of ['job-1', 'job-1', 'job-2']) await mail.send(message, call(key))
    const ids = server.mails.map(({ data }) => /^Message-ID: (<\w{40}@example\.com>)\r$/m.exec(data)?.[1])
    expect(ids[0]).toBeDefined()
    expect(ids[1]).toBe(ids[0])
    expect(ids[2]).not.toBe(ids[0])
  })

  test('shares few connections with others', async () => {
    const server = await startSmtpServer({ secure: true })
    const mail = connect(server.port, { maxConnections: 2 })
    await Promise.all(Array.from({ length: 12 }, (_, index) => mail.send(message, call(`job-${index}`))))
    expect([server.mails.length, server.sessions.size]).toEqual([12, 2])
    // A mail after the end of a service opens a connection again.
    mail.close()
    await mail.send(message, call('job-12'))
    expect([server.mails.length, server.sessions.size]).toEqual([13, 3])
  })

  test('ends with the signal of its job', async () => {
    const released = Promise.withResolvers<void>()
    const server = await startSmtpServer({ secure: true, wait: () => released.promise })
    onTestFinished(() => released.resolve())
    const stop = new AbortController()
    const sent = failureOf(connect(server.port).send(message, { key: 'job-1', signal: stop.signal }))
    await until(() => server.tried() === 1)
    stop.abort(new Error('the job ends'))
    expect((await sent).message).toBe('the job ends')
  })

  test('gives up waiting for a server that does not answer', async () => {
    const released = Promise.withResolvers<void>()
    const server = await startSmtpServer({ secure: true, wait: () => released.promise })
    onTestFinished(() => released.resolve())
    const error = await failureOf(connect(server.port, { timeout: '200ms' }).send(message, call()))
    expect(error).toMatchObject({ code: 'mail-not-sent' })
  })
})

describe('injection', () => {
  const evil = ['\r\nBcc: eve@example.com', '\nBcc: eve@example.com', '\rX: y', '\0', '\u0085']
  const fields = ['to', 'subject'] as const
  test.each(fields.flatMap((field) => evil.map((text) => [field, text] as const)))(
    'a mail with %s + %j is refused, and not tried again',
    async (field, text) => {
      const server = await startSmtpServer({ secure: true })
      const error = await failureOf(
        connect(server.port).send({ ...message, [field]: `${message[field]}${text}` }, call()),
      )
      expect(error).toBeInstanceOf(GiveUp)
      expect(server.mails).toEqual([])
    },
  )

  test.each([
    'ann@example.com, eve@example.com',
    'ann@example.com> <eve@example.com',
    'Ann <ann@example.com>',
    'ann@example.com\0',
    '"a\\"b"@example.com',
    '@example.com',
    '',
  ])('the recipient %j is refused', async (to) => {
    const server = await startSmtpServer({ secure: true })
    await expect(connect(server.port).send({ ...message, to }, call())).rejects.toThrow(GiveUp)
    expect(server.tried()).toBe(0)
  })

  test('line breaks in the key, the text and the HTML stay in their place', async () => {
    const server = await startSmtpServer({ secure: true })
    const text = 'Hello\r\n.\r\nMAIL FROM:<eve@example.com>\r\n\r\nBcc: eve@example.com\r\n'
    await connect(server.port).send({ ...message, text, html: text }, call('job\r\nBcc: eve@example.com'))
    expect(server.mails).toHaveLength(1)
    expect(server.mails[0]!.to).toEqual(['ann@example.com'])
    const [headers] = server.mails[0]!.data.split('\r\n\r\n')
    expect(headers).not.toContain('eve@')
  })

  test('an object as text cannot read a file', async () => {
    const server = await startSmtpServer({ secure: true })
    const text = { path: '/etc/passwd' } as unknown as string
    await expect(connect(server.port).send({ ...message, text }, call())).rejects.toThrow(GiveUp)
    expect(server.mails).toEqual([])
  })
})

describe('TLS', () => {
  test('a certificate of an unknown authority is refused, before the password is sent', async () => {
    for (const secure of [true, false]) {
      const server = await startSmtpServer({ secure, isTrusted: false })
      const scheme = secure ? 'smtps' : 'smtp'
      expect(await failureOf(connect(server.port, { scheme }).send(message, call()))).toMatchObject({
        code: 'mail-not-sent',
      })
      expect(server.mails).toEqual([])
    }
  })

  test('a server without STARTTLS is refused, unless there is a reason, or it is on this machine', async () => {
    const server = await startSmtpServer({ disabledCommands: ['STARTTLS'] })
    const refused = connect(server.port, { scheme: 'smtp', tls: 'required' })
    expect(await failureOf(refused.send(message, call()))).toMatchObject({ code: 'mail-not-sent' })
    expect(server.mails).toEqual([])
    await connect(server.port, { scheme: 'smtp' }).send(message, call())
    const reason = { optionalBecause: 'a test' }
    await connect(server.port, { scheme: 'smtp', tls: reason }).send(message, call())
    expect(server.mails.map(({ isSecure }) => isSecure)).toEqual([false, false])
  })
})

describe('refusals of the server', () => {
  test.each([
    ['to', 550, true],
    ['data', 554, true],
    ['to', 450, false],
    ['data', 451, false],
    // An operator can fix the configuration, and then the mails are sent.
    ['from', 550, false],
    ['auth', 535, false],
  ] as const)('%s with %i: permanent is %j', async (step, status, isPermanent) => {
    const server = await startSmtpServer({
      secure: true,
      refuses: (at) => (at === step ? status : undefined),
    })
    const error = await failureOf(connect(server.port).send(message, call()))
    expect(error instanceof GiveUp).toBe(isPermanent)
    expect('code' in error ? error.code : 'none').toBe(isPermanent ? 'none' : 'mail-not-sent')
    const shown = inspect(error, { depth: 10 })
    expect(shown).toContain(String(status))
    for (const secret of [password, encodeURIComponent(password), 'ann@example.com'])
      expect(shown).not.toContain(secret)
  })

  test('a server that is down is an error that can be tried again', async () => {
    const error = await failureOf(connect(1).send(message, call()))
    expect(error).toMatchObject({ code: 'mail-not-sent' })
    expect(inspect(error)).not.toContain(password)
  })
})

describe('the configuration', () => {
  const from = 'noreply@example.com'
  test.each([
    [{ url: `http://shop:${password}@mail.example.com`, from }, 'smtp or smtps URL'],
    [{ url: `shop:${password}`, from }, 'smtp or smtps URL'],
    [{ url: `smtps://shop:${password}@mail.example.com`, from }, 'percent-encoded'],
    [{ url: 'smtps://shop:hunter2@mail.example.com/inbox', from }, 'a path'],
    [{ url: 'smtps://shop:hunter2@mail.example.com?tls.rejectUnauthorized=false', from }, 'a query'],
    [{ url: 'smtps://shop@mail.example.com', from }, 'broken user or password'],
    [{ url: 'smtps://shop:%zz@mail.example.com', from }, 'broken user or password'],
    [{ url: 'smtps://mail.example.com', from: 'Shop' }, 'sender'],
    [{ url: 'smtps://mail.example.com', from: 'Shop\r\nBcc: eve@example.com <a@b.c>' }, 'sender'],
    [{ url: 'smtps://mail.example.com', from, maxConnections: 0 }, 'maxConnections'],
    [{ url: 'smtp://mail.example.com', from, tls: { optionalBecause: ' ' } }, 'empty reason'],
  ] as const)('%j is refused', (options, words) => {
    const failure = ((): unknown => {
      try {
        return smtp(options)
      } catch (error) {
        return error
      }
    })()
    expect(failure).toMatchObject({ code: 'configuration-invalid', message: expect.stringContaining(words) })
    expect(inspect(failure)).not.toMatch(/s3cret|hunter2/)
  })

  test('a secret is read, and not printed', () => {
    const mail = smtp({ url: new Secret('smtps://shop:hunter2@mail.example.com'), from })
    expect(inspect(mail, { depth: 10, showHidden: true })).not.toContain('hunter2')
  })
})
