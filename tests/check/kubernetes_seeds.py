"""Faults seeded in what the stamped service deploys to Kubernetes."""

from __future__ import annotations

from tests.check.file_seeds import Break, replaced

DEPLOYMENT = "deploy/base/deployment.yaml"
SETTINGS = "deploy/base/settings.env"

KUBERNETES: dict[str, list[Break]] = {
    "health-checks": [
        replaced(DEPLOYMENT, "          readinessProbe:", "          unreadinessProbe:"),
        replaced(DEPLOYMENT, "path: /livez", "path: /readyz"),
        replaced(DEPLOYMENT, "path: /readyz, port: internal", "path: /readyz, port: inside"),
        replaced(DEPLOYMENT, "timeoutSeconds: 2", "timeoutSeconds: 5"),
        replaced(DEPLOYMENT, "httpGet: {path: /livez, port: internal}", "tcpSocket: {port: internal}"),
    ],
    "resource-limits": [
        replaced(DEPLOYMENT, "            limits: {memory: 192Mi}\n", ""),
        replaced(DEPLOYMENT, "limits: {memory: 192Mi}", "limits: {memory: 128Mi}"),
        replaced(DEPLOYMENT, "{cpu: 250m, memory: 192Mi}", "{memory: 192Mi}"),
    ],
    "pod-security": [
        replaced(DEPLOYMENT, "        runAsNonRoot: true\n        runAsUser: 10001\n", ""),
        replaced(DEPLOYMENT, "        seccompProfile: {type: RuntimeDefault}\n", ""),
        replaced(DEPLOYMENT, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
        replaced(DEPLOYMENT, "            readOnlyRootFilesystem: true\n", ""),
        replaced(DEPLOYMENT, "drop: [ALL]", "drop: [NET_RAW]"),
        replaced(DEPLOYMENT, "automountServiceAccountToken: false", "automountServiceAccountToken: true"),
        replaced(DEPLOYMENT, "      serviceAccountName", "      hostNetwork: true\n      serviceAccountName"),
        replaced(DEPLOYMENT, "emptyDir: {sizeLimit: 64Mi}", "hostPath: {path: /tmp}"),
        replaced(DEPLOYMENT, "runAsUser: 10001", "runAsUser: 20000"),
    ],
}  # fmt: skip
