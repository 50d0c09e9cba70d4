# preread-gpu: the worker with TensorRT, from the repository's root (README.md beside this file says how).
# Not in Dockerfile: its base has no default, and a file with a base that has no name cannot be built at all.

# NVIDIA's image with CUDA, TensorRT and its Python binding: nvcr.io/nvidia/tensorrt:TAG@sha256:DIGEST. TensorRT
# 10.13 or newer for CUDA 13, Python 3.11 or newer.
ARG GPU_IMAGE

FROM ${GPU_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ONLY_BINARY=:all: \
    PIP_BREAK_SYSTEM_PACKAGES=1
COPY docker/lock/build.txt docker/lock/gpu.txt /build/lock/
# The environment sees the base's packages, where TensorRT's binding is; what is locked goes before them.
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m pip install --target /build/tools --require-hashes --requirement /build/lock/build.txt \
 && python3 -m venv --without-pip --system-site-packages /opt/preread \
 && python3 -m pip --python /opt/preread/bin/python install --ignore-installed --require-hashes \
    --requirement /build/lock/gpu.txt
COPY LICENSE README.md pyproject.toml /build/source/
COPY engines /build/source/engines
COPY service /build/source/service
RUN PYTHONPATH=/build/tools python3 -m pip wheel --no-deps --no-build-isolation --wheel-dir /build/wheel \
    /build/source \
 && python3 -m pip --python /opt/preread/bin/python install --no-deps /build/wheel/*.whl \
 && install -D --mode=0644 /build/source/LICENSE /opt/preread/share/doc/preread/LICENSE \
 && PYTHONPATH=/build/tools python3 -m cyclonedx_py environment --output-reproducible --output-format JSON \
    --output-file /opt/preread/share/doc/preread/sbom.cdx.json /opt/preread/bin/python
COPY --chmod=0755 docker/health.py /opt/preread/bin/preread-health

FROM ${GPU_IMAGE} AS preread-gpu
ARG GPU_IMAGE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="preread-gpu" \
      org.opencontainers.image.description="Preread's worker on a GPU, with TensorRT" \
      org.opencontainers.image.vendor="Preread" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${GPU_IMAGE}"
RUN groupadd --gid 65532 preread \
 && useradd --uid 65532 --gid preread --home-dir /data --no-create-home --shell /usr/sbin/nologin preread \
 && install --directory --owner=preread --group=preread --mode=0750 /data
# PATH and the libraries' path stay the base's, with ours before.
ENV PATH=/opt/preread/bin:${PATH} \
    PREREAD_CONFIG=/etc/preread/preread.toml \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
COPY --from=build /opt/preread /opt/preread
WORKDIR /data
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=15s --start-period=120s --retries=3 CMD ["preread-health"]
ENTRYPOINT ["preread"]
CMD ["infer"]
