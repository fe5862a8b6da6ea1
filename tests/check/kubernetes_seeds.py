"""Faults seeded in what the stamped service deploys to Kubernetes."""

from __future__ import annotations

from tests.check.file_seeds import Break, added, replaced, without

DEPLOYMENT = "deploy/base/deployment.yaml"
SETTINGS = "deploy/base/settings.env"

SCALE = "deploy/overlays/prod/scale.yaml"
BUDGET = "deploy/base/disruption-budget.yaml"
ROLLOUT = "deploy/strategy/rollout.yaml"
ANALYSIS = "deploy/strategy/analysis.yaml"

POLICY = "deploy/base/network-policy.yaml"


def fixed_number_of_pods(texts: dict[str, str]) -> dict[str, str]:
    """No autoscaler, and as many pods as the service needs."""
    for kustomization, line in (
        ("deploy/base/kustomization.yaml", "  - autoscaler.yaml\n"),
        ("deploy/overlays/dev/kustomization.yaml", "  - path: scale.yaml\n"),
        ("deploy/overlays/prod/kustomization.yaml", "  - path: scale.yaml\n"),
    ):
        texts = replaced(kustomization, line, "")(texts)
    for path in (DEPLOYMENT, ROLLOUT):
        texts = replaced(path, "  minReadySeconds", "  replicas: 3\n  minReadySeconds")(texts)
    return texts


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
    "autoscaling": [
        fixed_number_of_pods,
        replaced(SCALE, "maxReplicas: 30", "maxReplicas: 3"),
        replaced(SCALE, "maxReplicas: 30", "maxReplicas: 2"),
        replaced("deploy/strategy/kustomization.yaml", "kind: HorizontalPodAutoscaler", "kind: NothingOfTheKind"),
        replaced(ROLLOUT, "  minReadySeconds", "  replicas: 3\n  minReadySeconds"),
        replaced("deploy/base/autoscaler.yaml", "stabilizationWindowSeconds: 300", "stabilizationWindowSeconds: 0"),
    ],
    "redundancy": [
        replaced(SCALE, "minReplicas: 3", "minReplicas: 1"),
        replaced(BUDGET, "maxUnavailable: 1 ", "maxUnavailable: 0 "),
        replaced(BUDGET, "maxUnavailable: 1 ", "minAvailable: 100% "),
        replaced(BUDGET, "maxUnavailable: 1 ", "maxUnavailable: 100% "),
        replaced(BUDGET, "kind: PodDisruptionBudget", "kind: PodInterruptionBudget"),
        replaced(DEPLOYMENT, "topologySpreadConstraints:", "topologySpread:"),
    ],
    "staged-rollout": [
        replaced(ROLLOUT, "pause: {duration: 5m}", "setCanaryScale: {weight: 10}"),
        replaced(ROLLOUT, "    canary:", "    canaries:"),
        replaced(ROLLOUT, "  progressDeadlineAbort: true", "  progressDeadlineAbort: false"),
    ],
    "canary-analysis": [
        replaced(ROLLOUT, "      analysis:", "      analyses:"),
        replaced(ROLLOUT, "templateName: orders", "templateName: order"),
        replaced(ROLLOUT, "- name: namespace\n", "- name: space\n"),
        replaced(ROLLOUT, "pause: {duration: 5m}", "pause: {duration: 1m}"),
        replaced(ANALYSIS, "inconclusiveLimit: 7", "inconclusiveLimit: 8"),
        replaced(ANALYSIS, "failureLimit: 1", "failureLimit: 8"),
        replaced(ANALYSIS, ', namespace="{{args.namespace}}", rollouts_pod_template_hash="{{args.version}}"', ""),
    ],
    "shutdown-arithmetic": [
        replaced(DEPLOYMENT, "terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 40"),
        replaced(SETTINGS, "TERMINATION_SECONDS=40", "TERMINATION_SECONDS=41"),
        replaced(SETTINGS, "DRAIN_SECONDS=5", "DRAIN_SECONDS=25"),
        replaced(SETTINGS, "GRACE_SECONDS=20", "GRACE_SECONDS=9"),
    ],
    "timeout-arithmetic": [
        replaced("run.toml", "timeout = 0.4", "timeout = 2.5"),
        replaced("run.toml", "attempts = 2", "attempts = 12"),
        replaced("deploy/base/route.yaml", "backendRequest: 11s", "backendRequest: 10s"),
        replaced("deploy/base/route.yaml", "request: 12s", "request: 10500ms"),
        replaced(SETTINGS, "REQUEST_TIMEOUT_SECONDS=10", "REQUEST_TIMEOUT_SECONDS=15"),
    ],
    "objective-arithmetic": [
        replaced("run.toml", "critical = false", "critical = true\navailability = 99.5"),
    ],
    "network-policy": [
        replaced(POLICY, "kind: NetworkPolicy", "kind: NetworkPolicies"),
        replaced(POLICY, "policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]"),
        replaced(POLICY, "  ingress:\n", "  ingress:\n    - {}\n"),
        replaced(POLICY, "  egress:\n", "  egress:\n    - {}\n"),
        replaced(POLICY, "        - {port: 53, protocol: TCP}\n", ""),
        replaced(POLICY, "- {port: internal}", "- {port: inside}"),
        replaced(POLICY, "- {port: http}", "- {port: internal}"),
    ],
    "load-balancing": [
        replaced("deploy/base/service.yaml", "targetPort: http", "targetPort: web"),
        replaced("deploy/base/service.yaml", "port: 80,", "port: 8080,"),
        replaced("deploy/base/route.yaml", "      timeouts:", "      times:"),
        replaced("deploy/overlays/prod/kustomization.yaml", "path: /spec/hostnames", "path: /spec/names"),
    ],
    "runtime-configuration": [
        replaced("deploy/overlays/prod/settings.env", "INVENTORY_URL=", "INVENTORY_ADDRESS="),
        replaced("deploy/overlays/prod/settings.env", "inventory.inventory-prod", "inventory.inventory-staging"),
        replaced("deploy/overlays/prod/settings.env", "inventory.inventory-prod", "localhost:8090"),
        replaced(SETTINGS, "PORT=8080\nINTERNAL_PORT=8081", "PORT=8000\nINTERNAL_PORT=8081"),
        replaced(
            "deploy/base/kustomization.yaml", "envs: [settings.env]",
            "envs: [settings.env]\n    options: {disableNameSuffixHash: true}",
        ),
    ],
    "stateless": [
        replaced(DEPLOYMENT, "emptyDir: {sizeLimit: 64Mi}", "persistentVolumeClaim: {claimName: data}"),
        replaced("deploy/base/service.yaml", "spec:\n", "spec:\n  sessionAffinity: ClientIP\n"),
        added(SETTINGS, "DATABASE_URL=sqlite:////tmp/orders.db\n"),
    ],
    "valid-manifests": [
        without("deploy/base/service-account.yaml"),
        added("deploy/base/service-monitor.yaml", "  : [\n"),
        replaced(DEPLOYMENT, "configMapRef: {name: orders}", "configMapRef: {name: settings}"),
        replaced("deploy/base/service-monitor.yaml", "port: internal", "port: metrics"),
        replaced("deploy/overlays/staging/kustomization.yaml", "target: {kind: HTTPRoute}", "path: patch.yaml"),
    ],
}  # fmt: skip
