"""Images of other people's services: what is at fault and what is not."""

from __future__ import annotations

import pytest

from paved_road.check.model import NotApplicable
from paved_road.check.static.image import instructions, why_it_moves
from tests.check.static.reading import faults, messages

GO = """\
# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM golang:1.24 AS builder
ARG TARGETOS
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/root/.cache <<EOF
USER root
go build -o /out/app ./cmd/app
EOF
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=builder /out/app /app
ENTRYPOINT ["/app"]
"""
NODE = """\
ARG NODE_VERSION=22.4
FROM node:${NODE_VERSION}-alpine AS base
USER node
FROM base AS build
USER root
RUN npm ci \\
    # a comment within a command
    && npm run build
FROM base
COPY --from=build /app /app
"""
WINDOWS = """\
# escape=`
FROM mcr.microsoft.com/windows/nanoserver:ltsc2022
USER ContainerUser
COPY app.exe C:\\app\\
"""


@pytest.mark.parametrize("dockerfile", [GO, NODE, WINDOWS], ids=["go", "node", "windows"])
def test_a_good_image_of_another_language_passes(dockerfile: str) -> None:
    assert messages("immutable-image", {"build/Dockerfile": dockerfile}) == []


@pytest.mark.parametrize(
    ("image", "moves"),
    [
        ("python", True),
        ("localhost:5000/python", True),
        ("python:latest", True),
        ("node:lts-alpine", True),
        ("nginx:stable", True),
        ("gcr.io/distroless/base:nonroot", True),
        ("gcr.io/distroless/base-debian12:nonroot", False),
        ("debian:bookworm-slim", False),
        ("python@sha256:" + "0" * 64, False),
        ("localhost:5000/python:3.13", False),
        ("$BASE", False),
        ("scratch", False),
    ],
)
def test_an_image_moves_when_its_tag_names_no_version(image: str, moves: bool) -> None:
    assert bool(why_it_moves(image)) is moves


def test_a_fault_names_its_line() -> None:
    (fault,) = faults("immutable-image", {"Dockerfile": GO.replace("golang:1.24", "golang:latest")})
    assert (fault.path, fault.line) == ("Dockerfile", 2)


def test_the_user_comes_from_the_stage_that_the_last_one_is_made_from() -> None:
    assert messages("immutable-image", {"Dockerfile": NODE.replace("USER node\n", "")}) == [
        "the image runs as root: its last stage has no USER"
    ]
    loop = "FROM a:1 AS a\nFROM a AS a\n"
    assert len(messages("immutable-image", {"Dockerfile": loop})) == 1


def test_only_what_is_a_secret_is_one() -> None:
    harmless = (
        "ENV TOKENIZERS_PARALLELISM=false SECRET_KEY_FILE=/run/key\nENV PASSWORD=$GIVEN\nENV TOKEN_URL https://x.io\n"
        "ARG PUBLIC_KEY\nENV ACCESS_TOKEN_TTL=30"
    )
    assert messages("immutable-image", {"Dockerfile": NODE + harmless}) == []
    assert messages("immutable-image", {"Dockerfile": NODE + 'ENV AWS_SECRET_ACCESS_KEY="abc"\nARG NPM_TOKEN'}) == [
        "the variable AWS_SECRET_ACCESS_KEY stays in the image",
        "the build argument NPM_TOKEN stays in the image's history",
    ]


def test_images_of_developers_and_tests_are_left_alone() -> None:
    others = (
        "Dockerfile.dev",
        "tests/Dockerfile",
        ".devcontainer/Dockerfile",
        "Dockerfile.dockerignore",
        "test.Dockerfile",
        ".github/workflows/ui/Dockerfile",
        "ui/Dockerfile.playwright",
    )
    with pytest.raises(NotApplicable, match="no Dockerfile"):
        messages("immutable-image", dict.fromkeys(others, "FROM ubuntu\n"))


def test_a_text_that_is_no_dockerfile_is_read_without_a_crash() -> None:
    assert instructions("\\\n\\\n") == []
    assert messages("immutable-image", {"Dockerfile": "FROM\nFROM a:1\nUSER 1\nENV\nARG\nRUN <<A <<B\n\\"}) == []


def test_latest_in_a_manifest_is_a_fault_unless_kustomize_sets_it() -> None:
    pod = "{spec: {containers: [{name: a, image: acme/a:latest}]}}"
    deployment = f"apiVersion: apps/v1\nkind: Deployment\nspec: {{template: {pod}}}\n"
    files = {"Dockerfile": GO, "k8s/deployment.yaml": deployment}
    assert messages("immutable-image", files) == ["the Deployment runs acme/a:latest, which changes without a roll-out"]
    files["k8s/kustomization.yaml"] = "images:\n  - name: acme/a\n    newTag: v3\n"
    assert messages("immutable-image", files) == []
