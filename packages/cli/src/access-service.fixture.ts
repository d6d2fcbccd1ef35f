import { allOf, anyOf, anyone, access as custom, hasScope, holdfast, service, signedIn } from 'holdfast'
import { owns, postgres } from 'holdfast/postgres'
import { z } from 'zod'

const app = holdfast({ database: postgres() })
const { query, mutation } = app
const run = (): void => {}
const input = z.object({ id: z.int() })

/** A service with an operation for each kind of access rule. */
export const shop = app.service({
  name: 'shop',
  operations: {
    listProducts: query({ route: 'GET /products', access: anyone('the catalog is public'), run }),
    listOrders: query({ route: 'GET /orders', access: signedIn(), run }),
    getOrder: query({
      route: 'GET /orders/{id}',
      access: anyOf(owns('orders', { owner: 'customer' }), hasScope('orders:read')),
      input,
      run,
    }),
    cancelOrder: mutation({
      route: 'DELETE /orders/{id}',
      access: allOf(signedIn(), owns('orders', { owner: 'customer' })),
      input,
      run,
    }),
    chargeOrder: mutation({ route: 'POST /charges', access: service('billing'), run }),
    readReport: query({ route: 'GET /report', access: custom('auditor()', ({ caller }) => caller), run }),
  },
})
