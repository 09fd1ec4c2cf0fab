FROM rust:1.95-slim-bookworm AS build
WORKDIR /docket
COPY . .
RUN cargo build --release --locked --bin docket

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --create-home docket
COPY --from=build /docket/target/release/docket /usr/local/bin/docket
USER docket
WORKDIR /data
VOLUME /data
ENV HOST=0.0.0.0
ENV PORT=8080
ENV DATABASE_URL=sqlite:///data/docket.db
ENV LOG_FORMAT=json
EXPOSE 8080
# Asks whether it lives and not whether it is ready: to end it because much comes in, or because the database is away, would
# help nobody. Through bash, which can open a connection itself: the image needs no other program for it.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$PORT && printf 'GET /healthz HTTP/1.0\\r\\nHost: 127.0.0.1\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["docket"]
CMD ["serve"]
