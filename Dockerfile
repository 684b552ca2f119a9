# syntax=docker/dockerfile:1
# Two stages: the first installs into a virtual environment, the second contains only that and the interpreter. It runs as
# an unprivileged user, writes only below /data and /tmp, and needs no capability: the root may be read-only.
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/repaint
COPY requirements/run.txt requirements/run.txt
RUN /opt/repaint/bin/pip install --require-hashes -r requirements/run.txt
COPY . .
RUN /opt/repaint/bin/pip install --no-deps --no-build-isolation . && \
    /opt/repaint/bin/pip uninstall --yes pip setuptools

FROM python:3.12-slim
# Numeric ids: a folder mounted on /data must belong to them, and Kubernetes checks that the user isn't root by number.
RUN groupadd --system --gid 10001 repaint && \
    useradd --system --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin repaint && \
    install -d -o 10001 -g 10001 -m 700 /data
COPY --from=build /opt/repaint /opt/repaint
ENV PATH=/opt/repaint/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data HOST=0.0.0.0 PORT=8080
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["repaint", "healthcheck"]
ENTRYPOINT ["repaint"]
CMD ["run"]
