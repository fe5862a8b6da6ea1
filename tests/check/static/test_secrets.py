"""Secrets that are found, and what only looks like one."""

from __future__ import annotations

import pytest

from tests.check.static.reading import faults, messages

KEY = "-----BEGIN " + "PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7" + "\n"
GITHUB = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
POD = "apiVersion: v1\nkind: Pod\nspec: {containers: [{env: [{name: DB_PASSWORD, value: k3yb0ard}]}]}"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("tests/fixtures/key.pem", KEY),
        ("docs/setup.md", f"export GITHUB_TOKEN={GITHUB}"),
        ("src/a.py", "AWS = 'AKIAIOSFODNN7" + "EXAMPLE'"),
        ("src/a.go", 'const header = "-----BEGIN RSA ' + 'PRIVATE KEY-----"'),
        (".env.example", "API_KEY=9f8e7d6c5b4a"),
        (".env", "API_KEY=\nPASSWORD=changeme\nTOKEN=${TOKEN}\nPORT=8080 # the port\nSECRET=<your secret>"),
        (".env", "SECRET_NAME=orders\nDATABASE_URL=postgres://u:p4ssw0rdX@localhost/x"),
        ("k8s/a.yaml", "apiVersion: v1\nkind: ConfigMap\ndata: {TOKEN_URL: https://login.acme.io, LOG: info}"),
        ("k8s/a.yaml", "apiVersion: v1\nkind: Secret\nsops: {}\ndata: {password: ZW5jcnlwdGVkISE=}"),
        ("k8s/a.yaml", "apiVersion: v1\nkind: Secret\nstringData: {password: ref+vault://x, other: '{{ .x }}'}"),
        (
            "k8s/a.yaml",
            "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nspec: {encryptedData: {p: AgBy3i4OJSWK}}",
        ),
        ("k8s/a.yaml", "kind: Secret\napiVersion: v1\ndata: [1, 2"),
        ("deploy/dev.env", "API_KEY=9f8e7d6c5b4a"),
        (".env", "SECRET_KEY=changethis"),
        (
            "k8s/a.yaml",
            "apiVersion: v1\nkind: Secret\nstringData: {POSTGRES_USER: admin-of-orders, tls.crt: MIIBhTCCASug}",
        ),
    ],
)
def test_what_only_looks_like_a_secret_is_none(path: str, text: str) -> None:
    assert messages("secrets", {path: text}) == []


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("src/key.pem", KEY, "src/key.pem holds a private key"),
        ("src/a.json", '"' + KEY.replace("\n", "\\n") + '"', "src/a.json holds a private key"),
        ("app/a.rb", "xoxb-" + "123481321-Zq81mZq81mQq92kd", "app/a.rb holds a token of Slack (xoxb...)"),
        (".env.production", "export STRIPE_SECRET=9f8e7d6c5b4a", "STRIPE_SECRET has a value in .env.production"),
        ("a.yml", "apiVersion: v1\nkind: Secret\ndata: {a: azN5YjBhcmRDNHQ=}", "the Secret gives a a value"),
        ("a.yml", POD, "the Pod gives DB_PASSWORD a value in the file"),
    ],
)  # fmt: skip
def test_a_secret_is_found(path: str, text: str, said: str) -> None:
    assert messages("secrets", {path: text}) == [said]


def test_a_finding_does_not_show_the_secret() -> None:
    (fault,) = faults("secrets", {"a.py": f"\n\nx = '{GITHUB}'"})
    assert GITHUB not in str(fault)
    assert fault.line == 3
