"""What a service deploys to Kubernetes, read from its files: plain manifests, and Kustomize rendered in memory."""
