# One image for the pages, the live stream, the worker and the scheduler; docker-compose.yml says which is which.
FROM node:22-bookworm-slim AS assets
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.13-slim-bookworm AS packages
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HELPDESK_HOME=/var/lib/helpdesk DEMO=0
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/base.txt \
    && useradd --system --home-dir /var/lib/helpdesk --create-home helpdesk

# The static files are made here, so that the packages they come from are not in the image.
FROM packages AS built
COPY . .
COPY --from=assets /app/node_modules node_modules
RUN python -m helpdesk.translations \
    && EMBEDDED=0 HELPDESK_HOME=/tmp/build python manage.py collectstatic --no-input --verbosity 0 --ignore '*.map' --ignore redoc \
    && rm -rf node_modules

FROM packages
COPY --from=built /app /app
USER helpdesk
VOLUME /var/lib/helpdesk
EXPOSE 8000 8001
CMD ["python", "-m", "granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "4", "--no-ws", "--respawn-failed-workers", "helpdesk.wsgi:application"]
