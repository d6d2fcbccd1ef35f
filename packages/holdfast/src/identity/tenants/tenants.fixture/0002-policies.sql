-- Only rows of the caller's tenant are visible, and only such rows can be written. Without a
-- tenant, there are no rows. Every statement has the condition tenant = …: begin the
-- indexes of the table with tenant.
alter table orders alter column tenant set default nullif(current_setting('holdfast.tenant', true), '');
alter table orders enable row level security;
alter table orders force row level security;
create policy tenant_rows on orders
  using (tenant = (select nullif(current_setting('holdfast.tenant', true), '')))
  with check (tenant = (select nullif(current_setting('holdfast.tenant', true), '')));

-- Only rows of the caller's tenant are visible, and only such rows can be written. Without a
-- tenant, there are no rows. Every statement has the condition tenant = …: begin the
-- indexes of the table with tenant.
alter table items alter column tenant set default nullif(current_setting('holdfast.tenant', true), '');
alter table items enable row level security;
alter table items force row level security;
create policy tenant_rows on items
  using (tenant = (select nullif(current_setting('holdfast.tenant', true), '')))
  with check (tenant = (select nullif(current_setting('holdfast.tenant', true), '')));

-- Only rows of the caller's tenant are visible, and only such rows can be written. Without a
-- tenant, there are no rows. Every statement has the condition tenant = …: begin the
-- indexes of the table with tenant.
alter table members alter column tenant set default nullif(current_setting('holdfast.tenant', true), '');
alter table members enable row level security;
alter table members force row level security;
create policy tenant_rows on members
  using (tenant = (select nullif(current_setting('holdfast.tenant', true), '')))
  with check (tenant = (select nullif(current_setting('holdfast.tenant', true), '')));

-- Identifiers and access rules read the rows of all tenants, because the tenant is known only
-- afterwards.
create policy admission_rows on members for select
  using ((select current_setting('holdfast.admission', true)) = 'on');

