import express from 'express'

const app = express()
app.get('/hello', (_, response) => void response.json({ hello: 'world' }))

app.listen(Number(process.env['PORT']), '127.0.0.1')
