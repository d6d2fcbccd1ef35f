-- Each customer is a tenant. The setting holdfast.tenant contains the customer of the call or job, and
-- these policies limit every statement to the rows of that customer. A forgotten `where` shows and
-- changes nothing else.

-- Rows that belong to one customer. These policies are those of `npx holdfast tenants policies`.

alter table accounts alter column owner set default nullif(current_setting('holdfast.tenant', true), '');
alter table accounts enable row level security;
alter table accounts force row level security;
create policy tenant_rows on accounts
  using (owner = (select nullif(current_setting('holdfast.tenant', true), '')))
  with check (owner = (select nullif(current_setting('holdfast.tenant', true), '')));

alter table receipts alter column owner set default nullif(current_setting('holdfast.tenant', true), '');
alter table receipts enable row level security;
alter table receipts force row level security;
create policy tenant_rows on receipts
  using (owner = (select nullif(current_setting('holdfast.tenant', true), '')))
  with check (owner = (select nullif(current_setting('holdfast.tenant', true), '')));

alter table payouts alter column owner set default nullif(current_setting('holdfast.tenant', true), '');
alter table payouts enable row level security;
alter table payouts force row level security;
create policy tenant_rows on payouts
  using (owner = (select nullif(current_setting('holdfast.tenant', true), '')))
  with check (owner = (select nullif(current_setting('holdfast.tenant', true), '')));

-- A transfer changes accounts of two customers. The transaction names the account that it credits, in
-- the setting ledger.payee, and the policies add this one row until the transaction ends.

create policy payee_is_visible on accounts for select
  using (id = nullif(current_setting('ledger.payee', true), '')::uuid and kind = 'customer'
    and (select nullif(current_setting('holdfast.tenant', true), '')) is not null);
create policy payee_is_credited on accounts for update
  using (id = nullif(current_setting('ledger.payee', true), '')::uuid and kind = 'customer'
    and (select nullif(current_setting('holdfast.tenant', true), '')) is not null);

-- The world accounts belong to no customer. Deposits and payouts of all customers change them.

create policy world_accounts on accounts
  using (kind = 'world' and (select nullif(current_setting('holdfast.tenant', true), '')) is not null)
  with check (kind = 'world' and (select nullif(current_setting('holdfast.tenant', true), '')) is not null);

-- A transfer belongs to the customers of both accounts. An entry belongs to the customer of its
-- account, but the customer who pays writes both entries.

alter table transfers enable row level security;
alter table transfers force row level security;
create policy transfers_of_own_accounts on transfers
  using (exists (
    select from accounts
    where accounts.id in (from_account, to_account)
      and accounts.owner = (select nullif(current_setting('holdfast.tenant', true), ''))));

alter table entries enable row level security;
alter table entries force row level security;
create policy entries_of_own_accounts on entries for select
  using (exists (
    select from accounts
    where accounts.id = account_id
      and accounts.owner = (select nullif(current_setting('holdfast.tenant', true), ''))));
create policy entries_of_own_transfers on entries for insert
  with check (exists (select from transfers where transfers.id = transfer_id));

-- The checks of the books see the rows of all customers: they run as the role that owns the tables.
-- That role needs BYPASSRLS. With `row_security = off`, a statement that a policy would limit fails,
-- instead of checking a part of the books.

alter function entries_sum_to_zero() security definer set row_security = off set search_path from current;

create function check_books() returns table (accounts integer, unbalanced uuid[])
language sql stable security definer set row_security = off set search_path from current as $$
  select count(*)::integer, coalesce(array_agg(id order by id) filter (where balance <> booked), '{}')
  from (
    select a.id, a.balance, coalesce(sum(e.amount), 0) as booked
    from accounts as a left join entries as e on e.account_id = a.id
    group by a.id
  ) as sums
$$;
