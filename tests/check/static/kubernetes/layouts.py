"""Folders of Kustomize in the styles of public repositories: what `kubectl kustomize` must make of them, so must we.

Each is one text: a line `# path` begins a file.
"""

from __future__ import annotations

import re


def split(text: str) -> dict[str, str]:
    """Path to text."""
    parts = re.split(r"(?m)^# (\S+\.\w+)\n", text.lstrip("\n"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 1
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      serviceAccountName: web
      containers:
        - name: web
          image: registry.example.com:5000/team/web:1.0
          env:
            - {name: LEVEL, value: info}
            - name: PASSWORD
              valueFrom: {secretKeyRef: {name: credentials, key: password}}
          envFrom:
            - configMapRef: {name: settings}
          ports:
            - {name: http, containerPort: 8080}
          volumeMounts:
            - {name: config, mountPath: /etc/web}
      volumes:
        - name: config
          configMap: {name: files}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http}]
"""

LAYOUTS: dict[str, tuple[str, str]] = {
    "generators, hashes and references": (".", f"""
# kustomization.yaml
resources: [deployment.yaml, account.yaml]
configMapGenerator:
  - name: settings
    literals: [A=1, "B='two'", "C=<a&b>", D=]
    envs: [more.env]
  - name: files
    files: [app.properties, renamed.txt=other/file.txt]
secretGenerator:
  - name: credentials
    type: Opaque
    literals: [password=secret]
generatorOptions:
  labels: {{made: "yes"}}
  annotations: {{note: generated}}
# more.env
# a comment
  E=5

F=a=b
NAMED_ALONE
# app.properties
color=blue
# other/file.txt
content
# account.yaml
apiVersion: v1
kind: ServiceAccount
metadata: {{name: web}}
# deployment.yaml
{DEPLOYMENT}"""),
    "base and overlay of common labels, prefix, suffix, images and replicas": ("overlays/production", f"""
# base/kustomization.yaml
resources: [deployment.yaml, service.yaml, rest.yaml]
configMapGenerator:
  - {{name: settings, literals: [A=1]}}
  - {{name: files, literals: [x=y], options: {{disableNameSuffixHash: true}}}}
# base/deployment.yaml
{DEPLOYMENT}
# base/service.yaml
{SERVICE}
# base/rest.yaml
apiVersion: v1
kind: ServiceAccount
metadata: {{name: web}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: web}}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {{app: web}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web}}
spec:
  podSelector:
    matchLabels: {{app: web}}
  ingress:
    - from: [{{podSelector: {{matchLabels: {{role: front}}}}}}, {{namespaceSelector: {{}}}}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: web}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}
  minReplicas: 2
  maxReplicas: 4
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web}}
spec:
  rules:
    - host: a.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {{service: {{name: web, port: {{name: http}}}}}}
# overlays/production/kustomization.yaml
resources: [../../base]
namespace: shop
namePrefix: live-
nameSuffix: -v2
commonLabels: {{stage: live}}
commonAnnotations: {{team: shop}}
images:
  - {{name: "registry.example.com:5000/team/web", newTag: "2.0"}}
replicas:
  - {{name: web, count: 5}}
configMapGenerator:
  - {{name: settings, behavior: merge, literals: [A=2, B=3]}}
"""),
    "digest and new name": (".", f"""
# kustomization.yaml
resources: [deployment.yaml]
images:
  - {{name: registry.example.com:5000/team/web, newName: ghcr.io/acme/web, digest: "sha256:{"a" * 64}"}}
# deployment.yaml
{DEPLOYMENT}"""),
    "strategic merge patches": ("prod", f"""
# base/kustomization.yml
resources: [web/deployment.yaml, web/service.yaml]
# base/web/deployment.yaml
{DEPLOYMENT}
# base/web/service.yaml
{SERVICE}
# prod/kustomization.yaml
bases: [../base]
patchesStrategicMerge:
  - patch.yaml
  - |-
    apiVersion: v1
    kind: Service
    metadata: {{name: web}}
    spec:
      type: LoadBalancer
      ports: [{{port: 443, name: https}}, {{port: 80, targetPort: 8080}}]
# prod/patch.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: null
  template:
    spec:
      containers:
        - name: sidecar
          image: envoy:1
        - name: web
          env:
            - {{name: NEW, value: "1"}}
            - {{name: LEVEL, value: warn}}
            - {{name: PASSWORD, $patch: delete}}
          envFrom:
            - secretRef: {{name: other}}
          resources:
            limits: {{memory: 1Gi}}
          ports:
            - {{containerPort: 9090, name: metrics}}
      volumes:
        - name: config
          $patch: delete
        - name: tmp
          emptyDir: {{}}
      tolerations: [{{key: a, operator: Exists}}]
"""),
    "JSON patches with targets": (".", f"""
# kustomization.yaml
resources: [deployment.yaml, service.yaml]
patches:
  - target: {{kind: Deployment, name: w.*}}
    patch: |-
      - op: replace
        path: /spec/replicas
        value: 3
      - op: add
        path: /spec/template/spec/containers/0/env/-
        value: {{name: X, value: "1"}}
      - op: add
        path: /metadata/annotations
        value: {{a~b/c: d}}
      - op: remove
        path: /spec/template/spec/volumes/0
  - target: {{kind: Service, labelSelector: nothing=here}}
    patch: "- {{op: remove, path: /spec}}"
  - path: service.json
    target: {{version: v1, kind: Service}}
patchesJson6902:
  - target: {{group: apps, version: v1, kind: Deployment, name: web}}
    path: late.yaml
# service.json
[{{"op": "test", "path": "/kind", "value": "Service"}},
 {{"op": "copy", "from": "/spec/ports/0", "path": "/spec/ports/-"}},
 {{"op": "replace", "path": "/spec/ports/1/port", "value": 81}}]
# late.yaml
- {{op: add, path: /metadata/annotations/a~1b, value: c}}
- {{op: move, from: /spec/replicas, path: /spec/revisionHistoryLimit}}
# deployment.yaml
{DEPLOYMENT}
# service.yaml
{SERVICE}"""),
    "components": ("overlays/prod", f"""
# base/kustomization.yaml
resources: [deployment.yaml]
configMapGenerator:
  - {{name: settings, literals: [A=1]}}
# base/deployment.yaml
{DEPLOYMENT}
# components/canary/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources: [rollout.yaml]
configMapGenerator:
  - {{name: settings, behavior: merge, literals: [CANARY=1]}}
patches:
  - target: {{kind: Deployment}}
    patch: |
      - {{op: replace, path: /spec/replicas, value: 0}}
labels:
  - pairs: {{canary: "yes"}}
    includeTemplates: true
# components/canary/rollout.yaml
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: web}}
spec:
  workloadRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}
  template:
    metadata: {{labels: {{a: b}}}}
    spec:
      containers: [{{name: web, image: "web:1", envFrom: [{{configMapRef: {{name: settings}}}}]}}]
# overlays/prod/kustomization.yaml
resources: [../../base]
components: [../../components/canary]
namespace: web
images: [{{name: web, newTag: "2"}}]
"""),
    "labels with selectors, without them, and in templates": (".", f"""
# kustomization.yaml
resources: [deployment.yaml, service.yaml, jobs.yaml]
labels:
  - pairs: {{a: "1"}}
  - pairs: {{b: "2"}}
    includeSelectors: true
  - pairs: {{c: "3"}}
    includeTemplates: true
# jobs.yaml
apiVersion: batch/v1
kind: CronJob
metadata: {{name: nightly}}
spec:
  schedule: "0 0 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{{name: nightly, image: "nightly:1"}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: store}}
spec:
  serviceName: store
  selector: {{matchLabels: {{app: store}}}}
  template:
    metadata: {{labels: {{app: store}}}}
    spec:
      containers: [{{name: store, image: "store:1"}}]
  volumeClaimTemplates:
    - metadata: {{name: data}}
      spec: {{accessModes: [ReadWriteOnce]}}
# deployment.yaml
{DEPLOYMENT}
# service.yaml
{SERVICE}"""),
    "a namespace of its own, roles and what belongs to the cluster": (".", """
# kustomization.yaml
namespace: shop
namePrefix: x-
resources: [all.yaml]
# all.yaml
apiVersion: v1
kind: Namespace
metadata: {name: whatever}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: []
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
---
apiVersion: example.com/v1
kind: Thing
metadata: {name: one}
"""),
    "two overlays of one base in one": ("all", f"""
# base/kustomization.yaml
resources: [service.yaml]
# base/service.yaml
{SERVICE}
# one/kustomization.yaml
resources: [../base]
nameSuffix: -one
# two/kustomization.yaml
resources: [../base]
nameSuffix: -two
# all/kustomization.yaml
resources: [../one, ../two]
patches:
  - patch: |-
      apiVersion: v1
      kind: Service
      metadata: {{name: web-two}}
      spec: {{type: NodePort}}
"""),
    "a patch that deletes, and one that replaces": (".", f"""
# kustomization.yaml
resources: [deployment.yaml, service.yaml]
patches:
  - patch: |-
      $patch: delete
      apiVersion: v1
      kind: Service
      metadata: {{name: web}}
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {{name: web}}
      spec:
        template:
          spec:
            containers:
              - $patch: replace
              - name: only
                image: only:1
# deployment.yaml
{DEPLOYMENT}
# service.yaml
{SERVICE}"""),
    "a list of resources": (".", """
# kustomization.yaml
resources: [list.yaml]
# list.yaml
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: a}
    data: {x: "1"}
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: b}
"""),
    "replaced settings and a patch of custom resources": ("overlay", """
# base/kustomization.yaml
resources: [route.yaml]
configMapGenerator: [{name: settings, literals: [A=1, B=2]}]
# base/route.yaml
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, labels: {app: web}}
spec:
  parentRefs: [{name: public}]
  rules:
    - backendRefs: [{name: web, port: 80}]
# overlay/kustomization.yaml
resources: [../base]
configMapGenerator: [{name: settings, behavior: replace, literals: [C=3]}]
patches:
  - target: {kind: HTTPRoute, name: web, labelSelector: "app=web"}
    patch: |-
      apiVersion: gateway.networking.k8s.io/v1
      kind: HTTPRoute
      metadata: {name: ignored}
      spec:
        parentRefs: [{name: private}]
        hostnames: [a.example.com]
"""),
}  # fmt: skip
"""By name: the folder that is rendered, and the files."""

LAYOUTS |= {
    "replaced keys that were missing, annotations that were, and empty ones": (".", f"""
# kustomization.yaml
resources: [deployment.yaml, service.yaml]
patches:
  - target: {{kind: Deployment}}
    patch: |-
      - {{op: replace, path: /spec/template/spec/serviceAccount, value: web}}
      - {{op: replace, path: /spec/template/spec/containers/0/image, value: "web:2024-05-01"}}
# deployment.yaml
{DEPLOYMENT}
# service.yaml
{SERVICE.replace("{name: web}", "{name: web, annotations: null, labels: {}}", 1)}"""),
    "accounts that roles are bound to": ("overlay", """
# base/kustomization.yaml
resources: [all.yaml]
# base/all.yaml
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web}
roleRef: {kind: Role, name: web, apiGroup: rbac.authorization.k8s.io}
subjects: [{kind: ServiceAccount, name: web}]
# overlay/kustomization.yaml
namespace: shop
namePrefix: x-
resources: [../base]
patches:
  - target: {kind: ServiceAccount}
    patch: |-
      - {op: add, path: /metadata/annotations/team, value: shop}
"""),
}  # fmt: skip
