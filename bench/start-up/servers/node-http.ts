import { createServer } from 'node:http'

createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"hello":"world"}')
}).listen(Number(process.env['PORT']), '127.0.0.1')
