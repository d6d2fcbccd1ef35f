alter table orders add column invoiced_as text;
create table invoiced (id uuid not null);
