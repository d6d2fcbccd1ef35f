import { createServer } from 'node:http'
import { readBody } from '../read-body.ts'
import { readAccount, transferUnsafely } from '../work.ts'

// The minimal server: the baseline for the others.
createServer((request, response) => {
  void route(request.method ?? '', request.url ?? '', () => readBody(request)).then((answer) => {
    const body = JSON.stringify(answer)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
}).listen(Number(process.env['PORT']), '127.0.0.1')

async function route(method: string, url: string, body: () => Promise<unknown>): Promise<unknown> {
  if (url === '/hello') return { hello: 'world', n: 1 }
  if (method === 'POST') return transferUnsafely(await body())
  return readAccount(Number(url.slice('/accounts/'.length)))
}
