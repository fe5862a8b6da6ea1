// Custom resources against the models of their definitions: one line per finding.
// usage: node crds.mjs NODE_MODULES DOCUMENTS.json
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const MODELS = join(resolve(process.argv[2]), "@kubernetes-models");
const PACKAGES = {
  "argoproj.io/v1alpha1": "argo-rollouts",
  "gateway.networking.k8s.io/v1": "gateway-api",
  "monitoring.coreos.com/v1": "prometheus-operator",
};
const NEWER_THAN_THE_MODELS = new Set(["Rollout/spec/workloadRef/scaleDown"]);

// The models let unknown fields pass, and so typing errors. A field that the validator never reads is unknown to it.
function watched(value, path, unread) {
  if (value === null || typeof value !== "object") return value;
  const fields = Object.entries(value).map(([key, inner]) => [key, watched(inner, `${path}/${key}`, unread)]);
  const copy = Array.isArray(value) ? fields.map(([, inner]) => inner) : Object.fromEntries(fields);
  if (!Array.isArray(value)) fields.forEach(([key]) => unread.add(`${path}/${key}`));
  return new Proxy(copy, {
    get(target, key) {
      unread.delete(`${path}/${String(key)}`);
      return target[key];
    },
  });
}

async function findings({ apiVersion, kind, ...fields }) {
  const file = join(MODELS, PACKAGES[apiVersion] ?? "none", apiVersion, `${kind}.js`);
  if (!existsSync(file)) return [`there is no model of ${kind} in ${apiVersion}`];
  const { [kind]: Model } = await import(file);
  const unread = new Set();
  const document = new Model(fields);
  for (const key of Object.keys(fields)) document[key] = watched(fields[key], `${kind}/${key}`, unread);
  try {
    document.validate();
  } catch (error) {
    if (!error.errors) throw error;
    return error.errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
  }
  return [...unread].filter((path) => !NEWER_THAN_THE_MODELS.has(path)).map((path) => `${path} is unknown`);
}

for (const document of JSON.parse(readFileSync(process.argv[3], "utf8")))
  for (const finding of await findings(document))
    console.log(`${document.kind}/${document.metadata?.name}: ${finding}`);
