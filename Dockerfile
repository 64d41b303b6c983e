# The bot as a container image. See docs/operations.md.
FROM python:3.13-slim AS build
WORKDIR /build
COPY runtime.lock ./
RUN python -m venv /opt/moa-bot \
    && /opt/moa-bot/bin/pip install --no-cache-dir --no-deps --require-hashes -r runtime.lock
COPY pyproject.toml README.md LICENSE manifest.yml moa.example.toml ./
COPY moa moa
COPY bot bot
RUN /opt/moa-bot/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --create-home moa
COPY --from=build /opt/moa-bot /opt/moa-bot
ENV PATH="/opt/moa-bot/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    LOG_FORMAT=json \
    DATABASE_URL=sqlite:////data/moa-bot.db
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 9464
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9464/readyz', timeout=4)"]
ENTRYPOINT ["moa-bot"]
CMD ["run", "--metrics-port", "9464", "--drain", "30"]
