"""Manifests of services that nobody here wrote, in the styles of well-known public repositories."""

from __future__ import annotations

from pathlib import Path

from paved_road.check.contract.model import RunContract
from paved_road.check.model import Subject
from paved_road.check.static.files import ServiceFiles

GUESTBOOK = """\
apiVersion: v1
kind: Service
metadata:
  name: frontend
  labels:
    app: guestbook
    tier: frontend
spec:
  type: LoadBalancer
  ports:
  - port: 80
  selector:
    app: guestbook
    tier: frontend
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: frontend
spec:
  replicas: 3
  selector:
    matchLabels:
      app: guestbook
      tier: frontend
  template:
    metadata:
      labels:
        app: guestbook
        tier: frontend
    spec:
      containers:
      - name: php-redis
        image: us-docker.pkg.dev/google-samples/containers/gke/gb-frontend:v5
        env:
        - name: GET_HOSTS_FROM
          value: "dns"
        resources:
          requests:
            cpu: 100m
            memory: 100Mi
        ports:
        - containerPort: 80
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: redis-leader
spec:
  replicas: 1
  selector:
    matchLabels:
      app: redis
  template:
    metadata:
      labels:
        app: redis
    spec:
      containers:
      - name: leader
        image: "docker.io/redis:6.0.5"
        resources:
          requests: {cpu: 100m, memory: 100Mi}
        ports:
        - containerPort: 6379
"""
"""After Kubernetes' own guestbook: one file, a front end, a Redis beside it."""

BOUTIQUE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cartservice
  labels:
    app: cartservice
spec:
  selector:
    matchLabels:
      app: cartservice
  template:
    metadata:
      labels:
        app: cartservice
    spec:
      serviceAccountName: cartservice
      terminationGracePeriodSeconds: 5
      securityContext:
        fsGroup: 1000
        runAsGroup: 1000
        runAsNonRoot: true
        runAsUser: 1000
      containers:
      - name: server
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
              - ALL
          privileged: false
          readOnlyRootFilesystem: true
        image: cartservice
        ports:
        - containerPort: 7070
        env:
        - name: REDIS_ADDR
          value: "redis-cart:6379"
        resources:
          requests:
            cpu: 200m
            memory: 64Mi
          limits:
            cpu: 300m
            memory: 128Mi
        readinessProbe:
          initialDelaySeconds: 15
          grpc:
            port: 7070
        livenessProbe:
          initialDelaySeconds: 15
          periodSeconds: 10
          grpc:
            port: 7070
---
apiVersion: v1
kind: Service
metadata:
  name: cartservice
spec:
  type: ClusterIP
  selector:
    app: cartservice
  ports:
  - name: grpc
    port: 7070
    targetPort: 7070
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: cartservice
"""
"""After one service of Google's Online Boutique."""

MALFORMED: dict[str, str] = {
    "not YAML": "apiVersion: v1\nkind: Service\n  metadata: [\n",
    "a template": "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.name }}\n",
    "no mapping": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: 3\n",
    "lists for mappings": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, labels: []}\nspec: []\n",
    "texts for lists": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
        "spec: {replicas: many, strategy: fast, selector: all, template: {metadata: here, spec: {containers: web, "
        "volumes: {a: b}, securityContext: none, terminationGracePeriodSeconds: soon, affinity: no}}}\n"
    ),
    "numbers for everything": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: 1, namespace: 2, labels: {3: 4}}\n"
        "spec: {replicas: -1, template: {spec: {containers: [1, {name: 2, image: 3, ports: [4, {containerPort: x}], "
        "env: [5, {name: 6, value: 7, valueFrom: 8}], envFrom: [9, {configMapRef: 1}], "
        "resources: {limits: 1, requests: {cpu: [], memory: 1e99}}, livenessProbe: {httpGet: 1, periodSeconds: x}, "
        "readinessProbe: 5, lifecycle: "
        "{preStop: 3}}]}}}\n"
    ),
    "resources about it": "".join(
        f"---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\nspec: {spec}\n"
        for version, kind in [
            ("autoscaling/v2", "HorizontalPodAutoscaler"), ("policy/v1", "PodDisruptionBudget"), ("v1", "Service"),
            ("networking.k8s.io/v1", "NetworkPolicy"), ("networking.k8s.io/v1", "Ingress"), ("v1", "LimitRange"),
            ("gateway.networking.k8s.io/v1", "HTTPRoute"), ("argoproj.io/v1alpha1", "Rollout"), ("v1", "ConfigMap"),
            ("argoproj.io/v1alpha1", "AnalysisTemplate"), ("monitoring.coreos.com/v1", "ServiceMonitor"),
            ("networking.istio.io/v1", "VirtualService"), ("flagger.app/v1beta1", "Canary"), ("v1", "ServiceAccount"),
            ("rbac.authorization.k8s.io/v1", "RoleBinding"), ("keda.sh/v1alpha1", "ScaledObject"),
            ("monitoring.coreos.com/v1", "PrometheusRule"), ("networking.istio.io/v1", "DestinationRule"),
        ]
        for spec in (
                        "{workloadRef: {kind: [a], name: {b: c}}, selector: {app: [a]}}",
            "1",

            "{selector: 1, scaleTargetRef: 2, rules: [1, {http: 2, matches: 3, backendRefs: [4], timeouts: 5}]}",
            ("{minReplicas: x, maxReplicas: [], metrics: [1, {resource: 2}], "
            "scaleTargetRef: {kind: Deployment, name: a}}"),
            "{minAvailable: x%, maxUnavailable: {}, selector: {matchLabels: 1, matchExpressions: [1, {key: a}]}}",
            "{podSelector: {}, ingress: [1, {from: 2, ports: [3]}], egress: {}, policyTypes: Ingress}",
            ("{strategy: {canary: {steps: [1, {pause: 2}], analysis: 3}, blueGreen: 4}, "
            "workloadRef: {kind: Deployment, name: a}}"),
            "{metrics: [1, {name: 2, provider: 3, count: x}], args: 4, http: [1, {timeout: x, retries: 2}], limits: 5}",
            "{selector: {}, ports: [1, {port: x, targetPort: []}], endpoints: 3, trafficPolicy: 4, analysis: 5}",
        )
    )
    + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
    "spec: {template: {metadata: {labels: {}}, spec: {containers: [{name: a}]}}}\n",
}  # fmt: skip
"""No check may crash on these."""


def foreign(texts: dict[str, str], name: str = "shop", contract: RunContract | None = None) -> ServiceFiles:
    return ServiceFiles(subject=Subject(path=Path("/nowhere") / name, name=name), texts=texts, contract=contract)
