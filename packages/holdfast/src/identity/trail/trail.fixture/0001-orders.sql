create table orders (number integer not null);
