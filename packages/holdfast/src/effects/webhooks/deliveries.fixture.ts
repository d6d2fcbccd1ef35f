import { until } from 'holdfast/testing'
import { Webhook } from 'standardwebhooks'
import { duringEachTest, duringFile } from '../../../test/during.ts'
import { type Received, startReceiver } from '../../platform/egress/receiver.fixture.ts'
import { startWebhooks } from './webhooks.fixture.ts'

let accounts = 0
/** Returns an owner that is unique to the test. */
export const newAccount = (): string => `account-${(accounts += 1)}`

/** Verifies a webhook with the reference implementation. */
export function verified({ body, headers }: Received, secret: string): unknown {
  return new Webhook(secret).verify(body, { ...headers })
}

/**
 * Starts a service with webhooks for the tests of a file, and a receiver for each test. Call it at
 * the top level of the file.
 */
export function deliveriesToReceiver() {
  const app = duringFile(startWebhooks)
  const receiver = duringEachTest(startReceiver)

  /** Answers successive requests with these statuses, and all later requests with the last one. */
  function replyWith(...statuses: readonly number[]): void {
    receiver.reply((_, response) => {
      const status = statuses[receiver.requests.length - 1] ?? statuses.at(-1)!
      response.writeHead(status).end(`answer ${status}`)
    })
  }

  /**
   * Waits until the failure of an endpoint's delivery is recorded, and makes the next attempt due
   * now.
   */
  async function tryNow(endpoint: string): Promise<void> {
    await until(async () => {
      const changed = await app.tested.sql(
        `update holdfast.jobs set run_at = now() where state = 'scheduled' and input->>'endpoint' = $1 returning id`,
        [endpoint],
      )
      return changed.length === 1
    })
  }

  async function rowOf(endpoint: string): Promise<Record<string, unknown>> {
    const [row] = await app.tested.sql('select * from holdfast.webhook_endpoints where id = $1', [endpoint])
    return row!
  }

  return { app, receiver, replyWith, tryNow, rowOf }
}
