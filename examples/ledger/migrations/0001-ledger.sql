-- Money is counted in whole minor units (cents), never in fractions. Every transfer has two entries
-- that sum to zero. Money enters and leaves the ledger only through the world account of its
-- currency.

create table accounts (
  id uuid primary key,
  -- The customer who owns the account; null for a world account.
  owner text,
  name text not null check (length(name) between 1 and 100),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  kind text not null default 'customer' check (kind in ('customer', 'world')),
  -- In the range of integers that JavaScript represents exactly. Only a world account may be
  -- negative.
  balance bigint not null default 0 constraint accounts_balance_in_range check (
    balance between -9007199254740991 and 9007199254740991
    and (kind = 'world' or balance >= 0)
  ),
  created_at timestamptz not null default now(),
  check ((kind = 'world') = (owner is null)),
  -- Referenced by the foreign keys of transfers, which ensure that both accounts have the transfer's
  -- currency.
  unique (id, currency)
);

create index accounts_by_owner on accounts (owner, id);

create unique index accounts_one_world_per_currency on accounts (currency) where kind = 'world';

create table transfers (
  id uuid primary key,
  from_account uuid not null,
  to_account uuid not null,
  currency text not null,
  amount bigint not null check (amount between 1 and 9007199254740991),
  memo text check (length(memo) <= 140),
  created_at timestamptz not null default now(),
  check (from_account <> to_account),
  foreign key (from_account, currency) references accounts (id, currency),
  foreign key (to_account, currency) references accounts (id, currency)
);

create table entries (
  transfer_id uuid not null references transfers (id),
  account_id uuid not null references accounts (id),
  amount bigint not null check (amount <> 0),
  primary key (transfer_id, account_id)
);

create index entries_by_account on entries (account_id, transfer_id);

create function entries_sum_to_zero() returns trigger language plpgsql as $$
begin
  if (select sum(amount) from entries where transfer_id = new.transfer_id) <> 0 then
    raise exception 'the entries of transfer % do not sum to zero', new.transfer_id using errcode = 'check_violation';
  end if;
  return null;
end
$$;

-- Checked at the commit, because the first of the two entries alone does not sum to zero.
create constraint trigger entries_sum_to_zero
after insert or update on entries
deferrable initially deferred
for each row execute function entries_sum_to_zero();

-- Entries are final: a mistake is corrected with another transfer.
create function entries_are_final() returns trigger language plpgsql as $$
begin
  raise exception 'an entry is never changed or deleted' using errcode = 'integrity_constraint_violation';
end
$$;

create trigger entries_are_final before update or delete on entries
for each row execute function entries_are_final();
