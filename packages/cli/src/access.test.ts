import { resolve } from 'node:path'
import {
  accessMatrix,
  anyOf,
  anyone,
  allOf,
  hasScope,
  holdfast,
  recentlySignedIn,
  service,
  signedIn,
} from 'holdfast'
import { describe, expect, test } from 'vitest'
import { shop } from './access-service.fixture.ts'
import { callHoldfast, runHoldfast } from './run-holdfast.fixture.ts'

const module = resolve(import.meta.dirname, 'access-service.fixture.ts')

const table = `OPERATION     ROUTE                ANONYMOUS  USER  SERVICE  RULE
cancelOrder   DELETE /orders/{id}  no         if    no       allOf(signedIn(), owns(orders))
chargeOrder   POST /charges        no         no    if       service('billing')
getOrder      GET /orders/{id}     no         if    if       anyOf(owns(orders), hasScope('orders:read'))
listOrders    GET /orders          no         yes   no       signedIn()
listProducts  GET /products        yes        yes   yes      anyone(): the catalog is public
readReport    GET /report          if         if    if       auditor()
`

describe('holdfast access', () => {
  test('access shows the matrix of a service, without a database', async () => {
    expect(await callHoldfast(['access', module])).toEqual({ exitCode: 0, stdout: table, stderr: '' })
    const env = { NODE_OPTIONS: '--conditions=holdfast:source' }
    expect(await runHoldfast(['access', module], { env })).toMatchObject({ exitCode: 0, stdout: table })
  })

  test('access prints the matrix as JSON', async () => {
    const { stdout } = await callHoldfast(['access', module, '--json'])
    expect(JSON.parse(stdout)).toEqual({ service: 'shop', operations: accessMatrix(shop) })
  })

  test.each([
    [['access'], 'Missing argument: <module>.'],
    [['access', 'nowhere.ts'], 'nowhere.ts: file not found.'],
    [['access', module, '--export', 'store'], 'has no service as its export store.'],
    [['access', import.meta.filename.replace('access.test', 'count')], 'exports no service.'],
  ])('access rejects %j', async (line, message) => {
    const { exitCode, stdout, stderr } = await callHoldfast(line)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})

describe('the matrix of access', () => {
  const { query } = holdfast()

  test.each([
    ['a rule for everyone', anyone('a'), ['yes', 'yes', 'yes'], ['a']],
    ['a rule for services', service(), ['no', 'no', 'yes'], undefined],
    ['a sign-in', recentlySignedIn('1m'), ['no', 'if', 'no'], undefined],
    ['all rules', allOf(signedIn(), hasScope('a')), ['no', 'if', 'no'], undefined],
    ['all rules of different kinds', allOf(signedIn(), service()), ['no', 'no', 'no'], undefined],
    ['all rules, one of them public', allOf(anyone('a'), signedIn()), ['no', 'yes', 'no'], undefined],
    ['one of several rules', anyOf(signedIn(), service('a')), ['no', 'yes', 'if'], undefined],
    [
      'one of several rules, one of them public',
      anyOf(signedIn(), anyone('b')),
      ['yes', 'yes', 'yes'],
      ['b'],
    ],
  ])('the matrix of access has %s', (...[, access, cells, reasons]) => {
    const read = query({ route: 'GET /read', access, run: () => {} })
    const [row] = accessMatrix({ operations: { read } })
    expect([row?.anonymous, row?.user, row?.service]).toEqual(cells)
    expect(row?.publicBecause).toEqual(reasons)
  })

  test('the matrix of access has the parts that a review needs', () => {
    expect(accessMatrix(shop).find(({ operation }) => operation === 'getOrder')).toEqual({
      operation: 'getOrder',
      kind: 'query',
      route: 'GET /orders/{id}',
      anonymous: 'no',
      user: 'if',
      service: 'if',
      rule: "anyOf(owns(orders), hasScope('orders:read'))",
      scopes: ['orders:read'],
      dependsOnRow: true,
    })
  })
})
