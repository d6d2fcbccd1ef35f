import 'reflect-metadata'
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'

class HelloController {
  hello(): object {
    return { hello: 'world' }
  }
}

// Node strips types but does not support decorators, so the decorators are called as functions.
const { prototype } = HelloController
Get('hello')(prototype, 'hello', Object.getOwnPropertyDescriptor(prototype, 'hello')!)
Controller()(HelloController)

class HelloModule {}
Module({ controllers: [HelloController] })(HelloModule)

const app = await NestFactory.create(HelloModule, new FastifyAdapter(), { logger: false })
await app.listen(Number(process.env['PORT']), '127.0.0.1')
