import { parse } from 'libpg-query'
import { expect, test } from 'vitest'
import { findUnbounded } from './find-unbounded.ts'

const keys = new Map([
  ['accounts', [['id'], ['tenant', 'number']]],
  ['orders', [['id']]],
  ['lines', [['order_id', 'position']]],
])

async function unboundedOf(text: string): Promise<readonly string[]> {
  return findUnbounded(await parse(text), keys)
}

test.each([
  'select * from accounts where id = $1',
  'select * from accounts a where $1 = a.id',
  'select * from accounts where tenant = $1 and number = $2 and name like $3',
  'select * from accounts where id = any($1)',
  'select * from accounts where id in ($1, $2)',
  'select * from accounts limit 10',
  'select * from accounts order by id fetch first 10 rows only',
  'select count(*), max(id) from accounts',
  'select coalesce(sum(amount), 0) from orders where account = $1',
  'select * from orders o join accounts a on a.id = o.account where o.id = $1',
  'select * from lines l join orders o on o.id = l.order_id where l.order_id = $1 and l.position = $2',
  'select * from orders o left join accounts a on a.id = o.account where o.id = $1',
  'select * from (select * from accounts limit 5) as few',
  'with few as (select * from accounts where id = $1) select * from few',
  'select * from accounts where id = (select account from orders where id = $1)',
  'with a as (select * from accounts limit 5), b as (select * from a) select * from b',
  'with a as (select * from accounts limit 5) select * from a union all select * from a',
  'with a as (select * from accounts limit 5) select * from (select * from a) as s',
  'with recursive a as (select id from accounts where id = $1 union all select a.id + 1 from a) select * from a',
  'select * from orders o join accounts a using (id) where o.id = $1',
  'select * from orders o left join accounts a using (id) where o.id = $1',
  'select * from orders o left join accounts a on a.id = $2 where o.id = $1',
  'select * from generate_series(1, 3)',
  'values (1), (2)',
  'select 1',
  'insert into accounts select * from orders',
  'update accounts set name = $1',
])('bounded: %s', async (text) => {
  expect(await unboundedOf(text)).toEqual([])
})

test.each([
  ['select * from accounts', ['accounts']],
  ['select * from accounts where name = $1', ['accounts']],
  ['select * from accounts where tenant = $1', ['accounts']],
  ['select * from accounts where id > $1', ['accounts']],
  ['select * from accounts where id = $1 or name = $2', ['accounts']],
  ['select * from accounts where not id = $1', ['accounts']],
  ['select * from accounts where id <> all($1)', ['accounts']],
  ['select tenant, count(*) from accounts group by tenant', ['accounts']],
  ['select id, count(*) over () from accounts', ['accounts']],
  ['select * from orders o join lines l on l.order_id = o.id where o.id = $1', ['lines']],
  ['select * from accounts a join orders o on o.id = a.id', ['accounts', 'orders']],
  ['select * from accounts where id = number', ['accounts']],
  ['select * from accounts where id = $1 union all select * from orders', ['orders']],
  ['with few as (select * from accounts) select * from few', ['accounts']],
  ['with a as (select * from accounts), b as (select * from a) select * from b', ['accounts']],
  ['with a as (select * from accounts) select * from a union select * from a', ['accounts']],
  [
    'with recursive a as (select id from accounts union all select a.id from a) select * from a',
    ['accounts'],
  ],
  ['select * from orders o left join accounts a on o.id = $1 and a.id = $2', ['orders']],
  ['select * from orders o right join accounts a on o.id = $1 and a.id = $2', ['accounts']],
  ['select * from orders o full join accounts a on o.id = $1 and a.id = $2', ['orders', 'accounts']],
  ['select * from orders o left join accounts a using (id)', ['orders', 'accounts']],
  ['select * from accounts limit all', ['accounts']],
  ['select * from accounts limit null', ['accounts']],
  ['select * from (select * from orders) as few', ['orders']],
  ['select * from elsewhere where id = $1', ['elsewhere']],
])('unbounded: %s', async (text, tables) => {
  expect(await unboundedOf(text)).toEqual(tables)
})
