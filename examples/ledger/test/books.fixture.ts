import { createTestService, type TestService, until } from 'holdfast/testing'
import { mails } from '../src/customers.ts'
import { ledger } from '../src/service.ts'

/** A development key for tests. */
export const developmentKey = 'hf_dev_KeyOfTheTestsOfTheLedger1'

/** The headers of the development user, who has every scope. */
export const developer = { authorization: `Bearer ${developmentKey}` }

/** The password of every customer. */
const password = 'correct horse battery staple'

type Operations = typeof ledger.operations

/** The ledger, as a caller sees it. */
export type Caller = Pick<TestService<Operations>, 'call' | 'send'>

/** The ledger under test, whose calls are those of the development user. */
export interface Books extends TestService<Operations> {
  /** Returns the calls of other credentials. */
  as(headers: Readonly<Record<string, string>>): Caller
  /** Signs a customer up and in. Returns the headers of their calls. */
  signIn(email: string): Promise<Readonly<Record<string, string>>>
}

/** Starts the ledger on its own database. */
export async function openBooks(env: Readonly<Record<string, string>> = {}): Promise<Books> {
  const tested = await createTestService(ledger, { env: { HOLDFAST_DEV_KEY: developmentKey, ...env } })
  const as: Books['as'] = (headers) => {
    const calls = Object.entries(tested.call as Record<string, (input: unknown, options: object) => unknown>)
    return {
      call: Object.fromEntries(
        calls.map(([name, call]) => [name, (input: unknown) => call(input, { headers })]),
      ) as unknown as Caller['call'],
      send: (name, input, options) => tested.send(name, input, { ...options, headers }),
    }
  }
  return { ...tested, ...as(developer), as, signIn: (email) => signIn(tested, email) }
}

async function signIn(books: TestService<Operations>, email: string) {
  await books.call.signUp({ email, password })
  const mail = await until(() => mails.lastTo(email))
  await books.call.verifyEmail({ token: /#token=(\S+)/.exec(mail.text)![1]!, password })
  const { cookies } = await books.send('signIn', { email, password })
  // Browsers send `Origin`. Without it, a mutation with a cookie is refused.
  return { cookie: cookies![0]!.split(';')[0]!, origin: 'http://localhost', host: 'localhost' }
}
