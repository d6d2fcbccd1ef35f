import 'reflect-metadata'
import { Body, Controller, Get, Module, Param, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { readAccount, transferUnsafely } from '../work.ts'

class BenchController {
  hello(): object {
    return { hello: 'world', n: 1 }
  }
  account(id: string): Promise<unknown> {
    return readAccount(Number(id))
  }
  transfer(body: unknown): Promise<unknown> {
    return transferUnsafely(body)
  }
}

// Node strips types but does not support decorators, so the decorators are called as functions.
const { prototype } = BenchController
const property = (name: string): PropertyDescriptor => Object.getOwnPropertyDescriptor(prototype, name)!
Get('hello')(prototype, 'hello', property('hello'))
Get('accounts/:id')(prototype, 'account', property('account'))
Param('id')(prototype, 'account', 0)
Post('transfers')(prototype, 'transfer', property('transfer'))
Body()(prototype, 'transfer', 0)
Controller()(BenchController)

class BenchModule {}
Module({ controllers: [BenchController] })(BenchModule)

const app = await NestFactory.create(BenchModule, new FastifyAdapter(), { logger: false })
await app.listen(Number(process.env['PORT']), '127.0.0.1')
