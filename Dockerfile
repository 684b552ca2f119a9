# syntax=docker/dockerfile:1
# Two stages: the first installs into a virtual environment, the second carries only that and the interpreter.
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
RUN useradd --system --uid 10001 --home-dir /data repaint && install -d -o repaint -g repaint -m 700 /data
COPY --from=build /opt/repaint /opt/repaint
ENV PATH=/opt/repaint/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data HOST=0.0.0.0 PORT=8080
USER repaint
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["repaint", "healthcheck"]
ENTRYPOINT ["repaint"]
CMD ["run"]
