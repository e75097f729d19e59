# A small image: the wheel and what it needs, run by a user without rights.
FROM python:3.13-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
RUN useradd --uid 10001 --home-dir /data --create-home importer
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-compile /wheels/*.whl && rm -rf /wheels
# By number: a cluster that demands a user without rights cannot look up names.
USER 10001
# Sources, mappings, states and run folders: mount a local disk here.
WORKDIR /data
VOLUME /data
# Asks the account that the environment names; where a profile or an option names it: --no-healthcheck.
HEALTHCHECK --interval=5m --timeout=30s CMD ["bulk-import", "doctor"]
ENTRYPOINT ["bulk-import"]
CMD ["--help"]
