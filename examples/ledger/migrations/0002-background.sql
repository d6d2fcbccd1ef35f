-- The receipts: one for each transfer that a customer sent.
create table receipts (
  transfer_id uuid primary key references transfers (id),
  -- The customer who sent the transfer.
  owner text not null,
  body text not null,
  created_at timestamptz not null default now()
);

-- The results of the nightly check of all balances.
create table balance_checks (
  id uuid primary key,
  -- The tick of the schedule for which the check ran.
  checked_at timestamptz not null unique,
  accounts integer not null check (accounts >= 0),
  -- The accounts whose balance is not the sum of their entries.
  unbalanced uuid[] not null
);

-- The amounts transferred on each day, summed up from the messages of transfers.
create table volumes (
  day date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  transfers bigint not null check (transfers > 0),
  amount numeric(30) not null check (amount > 0),
  primary key (day, currency)
);

-- Payouts to bank accounts. The amount is transferred to the world account when the payout is
-- requested, and back if the bank declines the payout.
create table payouts (
  id uuid primary key,
  owner text not null,
  account_id uuid not null references accounts (id),
  amount bigint not null check (amount > 0),
  iban text not null check (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
  state text not null default 'pending' check (state in ('pending', 'paid', 'declined')),
  -- The bank's reference of the payment.
  bank_reference text unique,
  transfer_id uuid not null references transfers (id),
  refund_id uuid references transfers (id),
  created_at timestamptz not null default now(),
  check ((state = 'paid') = (bank_reference is not null)),
  check ((state = 'declined') = (refund_id is not null))
);
