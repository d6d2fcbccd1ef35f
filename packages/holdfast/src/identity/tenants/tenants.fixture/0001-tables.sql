create table orders (
  tenant text not null,
  id text not null,
  total integer not null default 0,
  primary key (tenant, id)
);
create table items (
  tenant text not null,
  order_id text not null,
  name text not null,
  foreign key (tenant, order_id) references orders
);
create table members (tenant text not null, person text primary key);
create table currencies (code text primary key);
insert into orders values ('acme', 'a1', 1), ('acme', 'a2', 2), ('bolt', 'b1', 3);
insert into items values ('acme', 'a1', 'anvil'), ('bolt', 'b1', 'bolts');
insert into members values ('acme', 'ann'), ('bolt', 'bob');
insert into currencies values ('EUR');
create view order_items with (security_invoker = true) as
  select o.id, i.name from orders o join items i on i.order_id = o.id;
