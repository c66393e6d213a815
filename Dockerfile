# A gateway as a process of its own: docs/start/sidecar.md. `npm run image:tree` follows these lines without Docker.
ARG NODE=24-bookworm-slim

FROM node:${NODE} AS modules
WORKDIR /postern
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM node:${NODE} AS build
WORKDIR /postern
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
RUN npm ci
COPY src ./src
COPY adapters ./adapters
RUN npm run build

FROM node:${NODE} AS serve
ENV NODE_ENV=production
WORKDIR /postern
COPY --from=modules /postern/node_modules ./node_modules
COPY --from=build /postern/package.json ./
COPY --from=build /postern/dist/src ./dist/src
COPY --from=build /postern/dist/adapters ./dist/adapters
COPY LICENSE ./
# A number, so that Kubernetes' runAsNonRoot can see that it is not root. Nothing is written: the root may be read-only.
USER 65532:65532
EXPOSE 8787
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["node", "-e", "fetch('http://127.0.0.1:8787/postern/health/ready').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/postern/dist/adapters/cli/main.js"]
CMD ["serve", "--host", "0.0.0.0", "--config", "/etc/postern/config.yaml"]
