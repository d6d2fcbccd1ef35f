# Creates the role of the service. The image of Postgres runs this script in its own shell.
psql --set ON_ERROR_STOP=1 --set password="$(cat /run/secrets/application-password)" \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role ledger_application login password :'password';
SQL
