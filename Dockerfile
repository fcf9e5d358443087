# syntax=docker/dockerfile:1

# The virtual environment: locked wheels only, so that nothing is compiled, without the embedded servers and the tools.
FROM python:3.13-slim AS build
COPY requirements-production.lock /tmp/
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: --requirement /tmp/requirements-production.lock

# The libraries of the trading page, from their own lock file.
FROM node:24-slim AS page
WORKDIR /page
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ROLE=web
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin exchange
COPY --from=build /opt/venv /opt/venv
COPY --from=page /page/node_modules /opt/venv/page/node_modules
WORKDIR /app
COPY . .
USER exchange
EXPOSE 8000 8001
HEALTHCHECK --interval=15s --timeout=12s --start-period=30s --retries=4 CMD ["python", "deploy/health.py"]
CMD ["daphne", "-b", "0.0.0.0", "-p", "8000", "config.asgi:application"]
