FROM node:26.10.0-trixie-slim AS base
WORKDIR /app

# --ignore-scripts: no package of the service has to compile or download anything.
FROM base AS dependencies
COPY package.json package-lock.json .npmrc ./
COPY packages/holdfast/package.json packages/holdfast/
COPY examples/ledger/package.json examples/ledger/
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts --workspace=ledger

# Only this repository needs this stage: other services install the built framework from the registry.
FROM base AS framework
COPY package.json package-lock.json .npmrc tsconfig.json ./
COPY packages/holdfast/ packages/holdfast/
COPY examples/ledger/package.json examples/ledger/
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts && npm run build --workspace=holdfast

FROM base
ENV NODE_ENV=production PORT=3000
COPY --from=dependencies /app/ ./
COPY --from=framework /app/packages/holdfast/dist/ packages/holdfast/dist/
COPY examples/ledger/migrations/ examples/ledger/migrations/
COPY examples/ledger/src/ examples/ledger/src/
WORKDIR /app/examples/ledger
# A number, because Kubernetes cannot verify that a user name is not root. The user owns no files here,
# so it cannot change them.
USER 1000:1000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1))"]
# Without a shell in between, Node gets the signals of the container engine, and stops gracefully on
# SIGTERM.
ENTRYPOINT ["node", "--import", "holdfast/fast-start", "src/main.ts"]
