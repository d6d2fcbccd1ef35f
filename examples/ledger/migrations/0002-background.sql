-- A receipt is made once for each transfer that a customer sent.
create table receipts (
  transfer_id uuid primary key references transfers (id),
  body text not null,
  created_at timestamptz not null default now()
);

-- What the nightly check of the books has found.
create table balance_checks (
  id uuid primary key,
  -- The tick of the schedule that it belongs to.
  checked_at timestamptz not null unique,
  accounts integer not null check (accounts >= 0),
  -- Those whose balance is not the sum of their entries.
  unbalanced uuid[] not null
);

-- How much has moved on each day, counted from the messages of transfers.
create table volumes (
  day date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  transfers bigint not null check (transfers > 0),
  amount numeric(30) not null check (amount > 0),
  primary key (day, currency)
);

-- Money on its way out of the ledger. It is booked to the world when the payout is asked for, and back if the bank declines.
create table payouts (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  amount bigint not null check (amount > 0),
  iban text not null check (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
  state text not null default 'pending' check (state in ('pending', 'paid', 'declined')),
  -- What the bank calls the payment.
  bank_reference text unique,
  transfer_id uuid not null references transfers (id),
  refund_id uuid references transfers (id),
  created_at timestamptz not null default now(),
  check ((state = 'paid') = (bank_reference is not null)),
  check ((state = 'declined') = (refund_id is not null))
);
